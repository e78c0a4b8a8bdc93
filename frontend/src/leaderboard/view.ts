/** How the leaderboard is looked at; kept in the address, so that a link shows the same to a team mate. */
import type { SortingState } from "@tanstack/react-table";
import { useSearchParams } from "wouter";
import type { LeaderboardRow } from "../api/types";

export interface BoardView {
  search: string;
  level: string;
  owner: string;
  variant: string;
  /** Also those that are not ranked because they were rejected. */
  rejected: boolean;
  sorting: SortingState;
}

export function useBoardView(): [BoardView, (change: Partial<BoardView>) => void] {
  const [params, setParams] = useSearchParams();
  const text = (name: string): string => params.get(name) ?? "";
  const view: BoardView = {
    search: text("search"),
    level: text("level"),
    owner: text("owner"),
    variant: text("variant"),
    rejected: params.has("rejected"),
    sorting: readSorting(text("sort")),
  };
  const change = (part: Partial<BoardView>): void => setParams((before) => writeView(before, { ...view, ...part }), { replace: true });
  return [view, change];
}

function writeView(before: URLSearchParams, view: BoardView): URLSearchParams {
  const after = new URLSearchParams(before);
  const [sort] = view.sorting;
  const texts = {
    search: view.search,
    level: view.level,
    owner: view.owner,
    variant: view.variant,
    rejected: view.rejected ? "1" : "",
    sort: sort ? `${sort.desc ? "-" : ""}${sort.id}` : "",
  };
  for (const [name, value] of Object.entries(texts)) {
    if (value) after.set(name, value);
    else after.delete(name);
  }
  return after;
}

function readSorting(text: string): SortingState {
  return text ? [{ id: text.replace(/^-/, ""), desc: text.startsWith("-") }] : [];
}

export const isFiltered = (view: BoardView): boolean => Boolean(view.search || view.level || view.owner || view.variant);

/** The rows that the view asks for, in the server's order. */
export function filterRows(rows: LeaderboardRow[], view: BoardView): LeaderboardRow[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = `${row.name} ${row.owner} ${row.variant}`.toLowerCase();
    return (
      (view.rejected || row.state !== "rejected") &&
      (!view.level || row.level === Number(view.level)) &&
      (!view.owner || row.owner === view.owner) &&
      (!view.variant || row.variant === view.variant) &&
      words.every((word) => text.includes(word))
    );
  });
}
