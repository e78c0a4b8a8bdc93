import { formatScore } from "../ui/format";
import type { Span } from "./span";
import styles from "./FoldStrip.module.css";

interface Props {
  values: (number | null)[];
  middle: number | null;
  span: Span;
}

const WIDTH = 120;
const MARGIN = 5;

/** One dot a fold on an axis that all rows share; the line is the pooled score. */
export function FoldStrip({ values, middle, span }: Props) {
  const held = values.flatMap((value, fold) => (value === null ? [] : [{ value, fold }]));
  if (held.length === 0) return null;
  const told = held.map(({ value, fold }) => `fold ${fold}: ${formatScore(value)}`).join("\n");
  return (
    <svg className={styles.strip} viewBox={`0 0 ${WIDTH} 16`} role="img" aria-label={`By fold. ${told.replaceAll("\n", ", ")}`}>
      <title>{told}</title>
      <line x1={MARGIN} x2={WIDTH - MARGIN} y1="8" y2="8" className={styles.axis} />
      {middle !== null && <line x1={place(middle, span)} x2={place(middle, span)} y1="2" y2="14" className={styles.middle} />}
      {held.map(({ value, fold }) => (
        <circle key={fold} cx={place(value, span)} cy="8" r="3" className={isInside(value, span) ? styles.dot : styles.outside} />
      ))}
    </svg>
  );
}

const isInside = (value: number, span: Span): boolean => value >= span.least && value <= span.greatest;

function place(value: number, span: Span): number {
  const share = (value - span.least) / (span.greatest - span.least || 1);
  return MARGIN + Math.min(1, Math.max(0, share)) * (WIDTH - 2 * MARGIN);
}
