import type { Contribution, Contributions, Finding, Insight, InsightModel } from "../api/types";
import { about } from "./findings";

/** All that is known of one model. */
export interface GainRow {
  model: InsightModel;
  gain: Contribution;
  nearest: InsightModel | undefined;
  /** About it, less what is only good to know. */
  warnings: Finding[];
}

/** Whom to show. */
export type Shown = "all" | "in" | "out";

/** A row a model, the best first. */
export function gainRows(insight: Insight, contributions: Contributions): GainRow[] {
  const gains = new Map(contributions.models.map((gain) => [gain.id, gain]));
  const models = new Map(insight.models.map((model) => [model.id, model]));
  const warnings = insight.findings.filter(({ severity }) => severity !== "info");
  const sign = contributions.higher_is_better ? -1 : 1;
  return insight.models
    .flatMap((model) => {
      const gain = gains.get(model.id);
      const nearest = model.nearest === null ? undefined : models.get(model.nearest);
      return gain ? [{ model, gain, nearest, warnings: about(warnings, model.id) }] : [];
    })
    .toSorted((one, other) => sign * (one.model.score - other.model.score));
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
