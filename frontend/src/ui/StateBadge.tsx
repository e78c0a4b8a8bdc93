import styles from "./StateBadge.module.css";

const TONES: Record<string, string | undefined> = {
  open: styles.good,
  scored: styles.good,
  done: styles.good,
  accepted: styles.good,
  built: styles.good,
  preparing: styles.busy,
  receiving: styles.busy,
  waiting: styles.busy,
  queued: styles.busy,
  running: styles.busy,
  partial: styles.warn,
  rejected: styles.bad,
  failed: styles.bad,
};

/** A state by its own word, with a colour for those who see it. */
export function StateBadge({ state }: { state: string }) {
  return <span className={`${styles.badge} ${TONES[state] ?? ""}`}>{state}</span>;
}
