import { formatScore } from "./format";
import styles from "./Bars.module.css";

export interface Bar {
  name: string;
  value: number | null;
}

/** Named shares, a bar each: the length says how much, so it begins at zero. */
export function Bars({ bars, decimals = 3 }: { bars: Bar[]; decimals?: number }) {
  const most = Math.max(...bars.map((bar) => bar.value ?? 0), Number.EPSILON);
  return (
    <Lines bars={bars} decimals={decimals}>
      {(value) => <span className={styles.fill} style={{ width: `${Math.max(0, (value / most) * 100)}%` }} />}
    </Lines>
  );
}

/** Named scores, a dot each between the least and the greatest: the place says which is better, not by how many times. */
export function Dots({ bars, middle }: { bars: Bar[]; middle: number | null }) {
  const values = bars.flatMap((bar) => (bar.value === null ? [] : [bar.value]));
  const least = Math.min(...values, middle ?? Infinity);
  const range = Math.max(...values, middle ?? -Infinity) - least || 1;
  const place = (value: number): string => `${4 + ((value - least) / range) * 92}%`;
  return (
    <Lines bars={bars} decimals={5}>
      {(value) => (
        <>
          {middle !== null && <span className={styles.middle} style={{ left: place(middle) }} />}
          <span className={styles.dot} style={{ left: place(value) }} />
        </>
      )}
    </Lines>
  );
}

function Lines({ bars, decimals, children }: { bars: Bar[]; decimals: number; children: (value: number) => React.ReactNode }) {
  return (
    <dl className={styles.bars}>
      {bars.map((bar) => (
        <div key={bar.name} className={styles.bar}>
          <dt title={bar.name}>{bar.name}</dt>
          <dd>
            <span className={styles.track} aria-hidden="true">
              {bar.value !== null && children(bar.value)}
            </span>
            <span className={styles.value}>{formatScore(bar.value, decimals)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
