/** The words that the pages use, each named once, from the server's own schema. */
import type { components } from "./schema";

type Schemas = components["schemas"];
/** The schema leaves some JSON open; here is said what the server puts there. */
type Refined<Base, Parts> = Omit<Base, keyof Parts> & Parts;

export type ErrorBody = Schemas["FileErrorAnswer"];
export type Me = Schemas["MeAnswer"];
export type Role = Schemas["RoleEnum"];
export type Scope = Schemas["ScopeEnum"];
export type Token = Schemas["TokenAnswer"];
export type NewToken = Schemas["NewTokenAnswer"];
export type Member = Schemas["MemberAnswer"];
export type Invitation = Schemas["InvitationAnswer"];
export type InvitationOffer = Schemas["OpenInvitationAnswer"];
export type AuditEvent = Schemas["AuditAnswer"];
export type Task = "binary" | "multiclass" | "multilabel" | "regression";
export type Competition = Refined<
  Schemas["CompetitionAnswer"],
  { task: Task; errors: ErrorBody[]; sample: { kind?: string; columns?: string[] } }
>;
/** A plotly figure. */
export interface Figure {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
}
export type FoldReport = Schemas["FoldReportAnswer"];
export type Prediction = Refined<
  Schemas["PredictionAnswer"],
  { by_class: { class: string; value: number | null }[]; decision: { name?: string } }
>;
export type Grid = Schemas["GridAnswer"];
export type GridRow = Schemas["GridRow"];
export type LeaderboardRow = Schemas["BoardAnswer"];
/** Its settings are the server's to know: what is not chosen here goes back as it came. */
export type EnsembleRecipe = { level2: string[]; restack: string[]; blend: string; decision: string | DecisionTable };
export type DecisionTable = { name: string; calibration?: string; label_groups?: unknown[] };
export type RecipeOptions = Refined<Schemas["RecipesAnswer"], { default: EnsembleRecipe }>;
export type Ensemble = Refined<Schemas["EnsembleAnswer"], { recipe: EnsembleRecipe; error: Partial<ErrorBody> }>;
export type LabelGroup = Schemas["LabelGroupAnswer"];
export type Insight = Refined<Schemas["InsightAnswer"], { error: Partial<ErrorBody> }>;
export type InsightModel = Schemas["InsightModel"];
export type Finding = Schemas["InsightFinding"];
export type Contributions = Schemas["InsightContributions"];
export type Contribution = Schemas["InsightContribution"];
export type Measure = Schemas["MeasuresEnum"];
export type Submission = Refined<Schemas["SubmissionRow"], { error: Partial<ErrorBody> }>;
export type Rebuilt = Schemas["RebuildAnswer"];
export type Quota = Schemas["QuotaAnswer"];
