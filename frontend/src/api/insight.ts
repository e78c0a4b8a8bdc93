/** What a competition's models are to each other. */
import { useMade, usePolled } from "./polling";
import type { Figure, Insight, Measure } from "./types";

const at = (slug: string): string => `/competitions/${encodeURIComponent(slug)}`;
/** The server computes it, or will as soon as uploads have come to rest. */
export const isComing = (insight: Insight): boolean => insight.state === "queued" || insight.state === "running" || insight.outdated;

/** Without the matrices, which only the server's figures need. */
export const useInsight = (slug: string) => usePolled<Insight>(`${at(slug)}/insight?matrices=false`, isComing);
export const useCorrelationFigure = (slug: string, measure: Measure, made: string) =>
  useMade<Figure>(`${at(slug)}/figures/correlation?measure=${measure}`, made);
export const usePathFigure = (slug: string, made: string) => useMade<Figure>(`${at(slug)}/figures/path`, made);
