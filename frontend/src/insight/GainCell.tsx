import { formatSmall } from "../ui/format";
import styles from "./Insight.module.css";

interface Props {
  gain: number | null;
  noise: number | null;
  /** How far from zero the column's axis reaches. */
  reach: number;
}

const HALF = 36;

/** A gain, and on an axis that the column shares a dot with two standard errors to either side. */
export function GainCell({ gain, noise, reach }: Props) {
  if (gain === null) return <span className="muted">–</span>;
  if (gain === 0 && !noise) return <span className="muted">0</span>;
  const place = (value: number): number => HALF + (value / (reach || 1)) * (HALF - 4);
  return (
    <span className={styles.gain}>
      <svg className={styles.whisker} viewBox={`0 0 ${2 * HALF} 16`} aria-hidden="true">
        <line x1={HALF} x2={HALF} y1="1" y2="15" className={styles.zero} />
        <line x1={place(gain - 2 * (noise ?? 0))} x2={place(gain + 2 * (noise ?? 0))} y1="8" y2="8" className={styles.reach} />
        <circle cx={place(gain)} cy="8" r="3" className={styles.dot} />
      </svg>
      <span>
        {gain < 0 ? "−" : "+"}
        {formatSmall(Math.abs(gain))} <span className={`muted small ${styles.noise}`}>± {formatSmall(noise ?? 0)}</span>
      </span>
    </span>
  );
}
