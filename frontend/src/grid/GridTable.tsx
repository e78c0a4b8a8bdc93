import { Link } from "wouter";
import type { GridRow } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import { formatScore } from "../ui/format";
import { StateBadge } from "../ui/StateBadge";
import styles from "./GridTab.module.css";
import type { Shade } from "./shade";

interface Props {
  folds: number[];
  rows: GridRow[];
  shade: Shade;
}

export function GridTable({ folds, rows, shade }: Props) {
  return (
    <div className={`panel ${styles.frame}`}>
      <table className={styles.grid}>
        <thead>
          <tr>
            <th scope="col" className={styles.corner}>
              Model
            </th>
            {folds.map((fold) => (
              <th key={fold} scope="col">
                {fold}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <th scope="row" className={styles.model}>
                <ModelName row={row} />
              </th>
              {folds.map((fold, column) => (
                <Cell key={fold} row={row} column={column} shade={shade} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ModelName({ row }: { row: GridRow }) {
  const link = usePredictionLink();
  return (
    <>
      <Link href={link(row.id)}>{row.name}</Link>{" "}
      <span className="muted small">
        {row.variant && `${row.variant}, `}
        {row.owner}
        {row.level > 1 && `, level ${row.level}`}
      </span>{" "}
      {row.state !== "scored" && <StateBadge state={row.state} />}
    </>
  );
}

function Cell({ row, column, shade }: { row: GridRow; column: number; shade: Shade }) {
  const value = row.cells[column] ?? null;
  const part = row.parts[column] ?? "missing";
  if (value === null) return <td className={part === "accepted" ? styles.held : styles.missing}>{part}</td>;
  return (
    <td className={styles.cell} style={{ backgroundColor: `rgb(var(--heat) / ${(0.04 + shade(value, column) * 0.5).toFixed(3)})` }}>
      {formatScore(value, 4)}
    </td>
  );
}
