import { useMemo } from "react";
import { useInsight } from "../api/insight";
import type { Finding } from "../api/types";

const SEVERITIES = ["severe", "warning", "info"] as const;

/** What the server warns of in a competition; good-to-know is left to the insight's own page. */
export function useWarnings(slug: string): Finding[] {
  const findings = useInsight(slug).data?.findings;
  return useMemo(() => (findings ?? []).filter(({ severity }) => severity !== "info"), [findings]);
}

/** Those that are about one prediction. */
export const about = (findings: Finding[], id: number): Finding[] => findings.filter(({ models }) => models.includes(id));

export function worstOf(findings: Finding[]): Finding["severity"] | undefined {
  return SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity));
}
