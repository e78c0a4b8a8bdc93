/** The words that the pages use, each named once, from the server's own schema. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type ErrorBody = Schemas["Error"];
export type Me = Schemas["Me"];
export type Role = Me["role"];
export type Token = Schemas["Token"];
export type Member = Schemas["Member"];
export type Invitation = Schemas["Invitation"];
export type InvitationOffer = Schemas["InvitationOffer"];
export type AuditEvent = Schemas["AuditEvent"];
export type Competition = Schemas["Competition"];
export type FoldReport = Schemas["FoldReport"];
export type Prediction = Schemas["Prediction"];
export type Grid = Schemas["Grid"];
export type GridRow = Schemas["GridRow"];
export type LeaderboardRow = Schemas["LeaderboardRow"];
export type RecipeOptions = Schemas["RecipeOptions"];
export type EnsembleRecipe = Schemas["EnsembleRecipe"];
export type Ensemble = Schemas["Ensemble"];
export type Submission = Schemas["Submission"];
export type Rebuilt = Schemas["Rebuilt"];
export type Quota = Schemas["Quota"];
