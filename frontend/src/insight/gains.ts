import type { Contribution, Contributions, Finding, Insight, InsightModel } from "../api/types";

/** All that is known of one model. */
export interface GainRow {
  model: InsightModel;
  gain: Contribution;
  nearest: InsightModel | undefined;
  /** The worst that the warnings say of it. */
  worst: Finding["severity"] | undefined;
}

/** Whom to show. */
export type Shown = "all" | "in" | "out";

const SEVERITIES = ["severe", "warning", "info"] as const;

/** A row a model, the best first. */
export function gainRows(insight: Insight, contributions: Contributions): GainRow[] {
  const gains = new Map(contributions.models.map((gain) => [gain.id, gain]));
  const models = new Map(insight.models.map((model) => [model.id, model]));
  const sign = contributions.higher_is_better ? -1 : 1;
  return insight.models
    .flatMap((model) => {
      const gain = gains.get(model.id);
      const nearest = model.nearest === null ? undefined : models.get(model.nearest);
      return gain ? [{ model, gain, nearest, worst: worstOf(insight.findings, model) }] : [];
    })
    .toSorted((one, other) => sign * (one.model.score - other.model.score));
}

function worstOf(findings: Finding[], model: InsightModel): Finding["severity"] | undefined {
  const own = findings.filter((finding) => finding.models.includes(model.id));
  return SEVERITIES.find((severity) => own.some((finding) => finding.severity === severity));
}

export function filterGains(rows: GainRow[], search: string, shown: Shown): GainRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ model, gain }) => {
    const text = `${model.name} ${model.owner} ${model.variant}`.toLowerCase();
    return (shown === "all" || (gain.weight > 0) === (shown === "in")) && words.every((word) => text.includes(word));
  });
}

/** How far from zero a column's gains reach, with two standard errors. */
export function reachOf(rows: GainRow[], kind: "add" | "drop"): number {
  return Math.max(0, ...rows.map(({ gain }) => Math.abs(gain[`${kind}_gain`] ?? 0) + 2 * (gain[`${kind}_noise`] ?? 0)));
}
