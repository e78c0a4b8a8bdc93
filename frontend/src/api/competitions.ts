/** Competitions, their folds, and what has been uploaded to them. */
import { useFixed, usePolled } from "./polling";
import { API } from "./client";
import type { Competition, Figure, FoldReport, Grid, LeaderboardRow, Prediction, Quota } from "./types";

const at = (slug: string, rest = ""): string => `/competitions/${encodeURIComponent(slug)}${rest}`;

export const useCompetitions = () => usePolled<Competition[]>("/competitions", (rows) => rows.some((row) => row.state === "preparing"));
export const useCompetition = (slug: string) => usePolled<Competition>(at(slug), (it) => it.state === "preparing");
export const useContract = (slug: string) => useFixed<Record<string, unknown>>(at(slug, "/contract"));
export const useFoldReport = (slug: string) => useFixed<FoldReport>(at(slug, "/folds/report"));
export const useFoldFigure = (slug: string) => useFixed<Figure>(at(slug, "/figures/folds"));
export const useGrid = (slug: string) => usePolled<Grid>(at(slug, "/grid"), (grid) => grid.rows.some((row) => row.state === "receiving"));
export const useQuota = (slug: string) => usePolled<Quota>(at(slug, "/quota"));
/** All rows, ranked or not: the page filters what is shown, the ranks stay the server's. */
export const useLeaderboard = (slug: string) =>
  usePolled<LeaderboardRow[]>(at(slug, "/leaderboard?state=all"), (rows) => rows.some((row) => row.state === "receiving"));

export const usePrediction = (id: Prediction["id"] | string | null) =>
  usePolled<Prediction>(
    id === null ? null : `/predictions/${id}`,
    (it) => it.state === "receiving" || it.parts.some((part) => part.state === "waiting"),
  );

export const foldsLink = (slug: string, shape: "csv" | "positions" | "lists"): string => `${API}${at(slug, "/folds")}?shape=${shape}`;
export const contractLink = (slug: string): string => `${API}${at(slug, "/contract")}?ids=true`;
export const valuesLink = (id: Prediction["id"], kind: "oof" | "test", npy = false): string =>
  `${API}/predictions/${id}/${kind}${npy ? "?format=npy" : ""}`;
