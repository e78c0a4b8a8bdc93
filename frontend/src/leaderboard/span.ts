import type { LeaderboardRow } from "../api/types";

export interface Span {
  least: number;
  greatest: number;
}

// How much further than the worst fold of the better half the axis goes; what lies beyond is drawn hollow, at the edge.
const STRETCH = 1.5;

/** The axis that all fold strips share. Set by the better half: one broken model must not press all others into a corner. */
export function foldSpan(rows: LeaderboardRow[], higherIsBetter: boolean): Span {
  const ranked = rows.filter((row) => row.rank !== null);
  const half = ranked.slice(0, Math.max(1, Math.ceil(ranked.length / 2)));
  const values = half.flatMap((row) => row.by_fold.filter((value) => value !== null));
  const least = Math.min(...values);
  const greatest = Math.max(...values);
  const range = (greatest - least) * STRETCH;
  return higherIsBetter ? { least: greatest - range, greatest } : { least, greatest: least + range };
}
