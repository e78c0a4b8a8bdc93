import { Link } from "wouter";
import type { Finding, LeaderboardRow } from "../api/types";
import { WarningMark } from "../insight/WarningMark";
import { StateBadge } from "../ui/StateBadge";
import { usePredictionLink } from "../prediction/link";
import styles from "./BoardTable.module.css";

/** The name opens the details; what else there is to know of a row on a phone stands below it. */
export function ModelCell({ row, warnings }: { row: LeaderboardRow; warnings: Finding[] }) {
  const link = usePredictionLink();
  return (
    <div className={styles.model}>
      <span className={styles.title}>
        <Link href={link(row.id)} className={styles.name} data-opens={row.id}>
          {row.name}
        </Link>
        <WarningMark findings={warnings} />
        {row.variant && <span className={styles.variant}>{row.variant}</span>}
        {row.version > 1 && <span className="muted small">v{row.version}</span>}
        {row.state !== "scored" && <StateBadge state={row.state} />}
      </span>
      <span className={styles.below}>
        {row.owner}, level {row.level}
      </span>
    </div>
  );
}
