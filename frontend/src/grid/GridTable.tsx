import { Link } from "wouter";
import { useLeaderboard } from "../api/competitions";
import type { Grid, GridRow, LeaderboardRow } from "../api/types";
import { usePredictionLink } from "../prediction/link";
import { formatScore } from "../ui/format";
import { StateBadge } from "../ui/StateBadge";
import styles from "./GridTab.module.css";
import type { Shade } from "./shade";

interface Props {
  slug: string;
  grid: Grid;
  shade: Shade;
}

export function GridTable({ slug, grid, shade }: Props) {
  const board = useLeaderboard(slug).data ?? [];
  return (
    <div className={`panel ${styles.frame}`}>
      <table className={styles.grid}>
        <thead>
          <tr>
            <th scope="col" className={styles.corner}>
              Model
            </th>
            {grid.folds.map((fold) => (
              <th key={fold} scope="col">
                {fold}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {grid.rows.map((row) => (
            <tr key={`${row.owner}/${row.name}/${row.variant}/${row.version}`}>
              <th scope="row" className={styles.model}>
                <ModelName row={row} onBoard={board.find((it) => isSame(it, row))} />
              </th>
              {grid.folds.map((fold, column) => (
                <Cell key={fold} row={row} column={column} shade={shade} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const isSame = (one: LeaderboardRow, other: GridRow): boolean =>
  one.name === other.name && one.owner === other.owner && one.variant === other.variant && one.version === other.version;

function ModelName({ row, onBoard }: { row: GridRow; onBoard: LeaderboardRow | undefined }) {
  const link = usePredictionLink();
  return (
    <>
      {onBoard ? <Link href={link(onBoard.id)}>{row.name}</Link> : row.name}{" "}
      <span className="muted small">
        {row.variant && `${row.variant}, `}
        {row.owner}
        {row.level > 1 && `, level ${row.level}`}
      </span>
      {row.state !== "scored" && <StateBadge state={row.state} />}
    </>
  );
}

function Cell({ row, column, shade }: { row: GridRow; column: number; shade: Shade }) {
  const value = row.cells[column] ?? null;
  const part = row.parts[column] ?? "missing";
  if (value === null) return <td className={part === "missing" ? styles.missing : styles.other}>{part}</td>;
  return (
    <td className={styles.cell} style={{ backgroundColor: `rgb(var(--heat) / ${(0.04 + shade(value, column) * 0.5).toFixed(3)})` }}>
      {formatScore(value, 4)}
    </td>
  );
}
