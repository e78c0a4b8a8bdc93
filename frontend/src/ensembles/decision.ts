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
