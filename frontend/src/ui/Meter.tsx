import styles from "./Meter.module.css";

/** A progress bar; without a share it says that something goes on, not how far it is. */
export function Meter({ label, share }: { label: string; share: number | null }) {
  const percent = share === null ? undefined : Math.round(share * 100);
  return (
    <div className={styles.track} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <div className={share === null ? styles.wandering : styles.filled} style={share === null ? undefined : { width: `${percent}%` }} />
    </div>
  );
}
