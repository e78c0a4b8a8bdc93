import type { LeaderboardRow } from "../api/types";

export interface Span {
  least: number;
  greatest: number;
}

// Beyond this share of the rows, counted from the best, a fold strip is cut off: one broken model must not flatten all others.
const KEPT_SHARE = 0.8;

/** The axis that all fold strips share: from the best fold of the board to the worst fold of the better rows. */
export function foldSpan(rows: LeaderboardRow[]): Span {
  const ranked = rows.filter((row) => row.rank !== null);
  const kept = ranked.slice(0, Math.max(1, Math.ceil(ranked.length * KEPT_SHARE)));
  const values = kept.flatMap((row) => row.by_fold.filter((value) => value !== null));
  return { least: Math.min(...values), greatest: Math.max(...values) };
}
