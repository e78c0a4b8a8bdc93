import type { Grid } from "../api/types";

/** What a cell is compared with: the other models on its fold, or all cells. */
export type Compared = "fold" | "all";
export type Shade = (value: number, column: number) => number;

/** A cell's place among those it is compared with, from 0 (worst) to 1 (best): by rank, so that one broken model hides nothing. */
export function makeShade(grid: Grid, higherIsBetter: boolean, compared: Compared): Shade {
  const columns = grid.folds.map((_, column) => grid.rows.flatMap((row) => row.cells[column] ?? []));
  const groups = compared === "fold" ? columns : columns.map(() => columns.flat());
  const sorted = groups.map((values) => values.toSorted((a, b) => (higherIsBetter ? a - b : b - a)));
  return (value, column) => {
    const group = sorted[column] ?? [];
    return group.length < 2 ? 0.5 : group.indexOf(value) / (group.length - 1);
  };
}
