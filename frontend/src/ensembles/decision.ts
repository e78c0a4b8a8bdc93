import type { DecisionTable, EnsembleRecipe } from "../api/types";

export const nameOf = (decision: EnsembleRecipe["decision"]) => asTable(decision).name;

/** Such as "expected_fbeta (platt, label groups)". */
export function tellDecision(decision: EnsembleRecipe["decision"]): string {
  const { name, calibration, label_groups: groups } = asTable(decision);
  const settings = [calibration, groups?.length && "label groups"].filter(Boolean);
  return settings.length > 0 ? `${name} (${settings.join(", ")})` : name;
}

function asTable(decision: EnsembleRecipe["decision"]): DecisionTable {
  return typeof decision === "string" ? { name: decision } : decision;
}

/** A recipe as a form takes it: the server counts labels, people name them. Lists stand in one line each. */
export function writeRecipe(recipe: EnsembleRecipe, classes: string[]): string {
  const named = (label: unknown): unknown => (typeof label === "number" ? (classes[label] ?? label) : label);
  const text = JSON.stringify(recipe, (key, value: unknown) => {
    if (key === "label") return named(value);
    return key === "labels" && Array.isArray(value) ? value.map(named) : value;
  }, 1);
  return text.replace(/\[[^[\]{}]*\]/g, (list) => list.replace(/\s*\n\s*/g, " "));
}
