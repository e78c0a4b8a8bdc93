import { useMemo, useState } from "react";
import { useGrid, useLeaderboard } from "../api/competitions";
import type { Competition, Grid, GridRow } from "../api/types";
import { Asked } from "../ui/Asked";
import { plural } from "../ui/format";
import { EmptyState } from "../ui/Notice";
import { GridTable } from "./GridTable";
import styles from "./GridTab.module.css";
import { makeShade, type Compared } from "./shade";

export function GridTab({ competition }: { competition: Competition }) {
  const grid = useGrid(competition.slug);
  return (
    <Asked query={grid} what="the grid">
      {(it) =>
        it.rows.length === 0 ? (
          <div className="panel">
            <EmptyState title="No model has any fold yet">
              <p>Each uploaded model becomes a row here, each fold a column; what is missing is seen at once.</p>
            </EmptyState>
          </div>
        ) : (
          <Shaded competition={competition} grid={it} />
        )
      }
    </Asked>
  );
}

function Shaded({ competition, grid }: { competition: Competition; grid: Grid }) {
  const rows = useRankedRows(competition.slug, grid);
  const [compared, setCompared] = useState<Compared>("fold");
  const shade = useMemo(() => makeShade(grid, competition.higher_is_better, compared), [grid, competition.higher_is_better, compared]);
  return (
    <section className="stack" aria-label="Model by fold">
      <fieldset className={styles.choice}>
        <legend className="hidden-text">What the colours compare</legend>
        <span className="soft">Stronger colour is better, compared</span>
        {(
          [
            ["fold", "within each fold"],
            ["all", "over the whole table"],
          ] as const
        ).map(([value, label]) => (
          <label key={value}>
            <input type="radio" name="compared" checked={compared === value} onChange={() => setCompared(value)} /> {label}
          </label>
        ))}
      </fieldset>
      <GridTable folds={grid.folds} rows={rows} shade={shade} />
      {rows.length < grid.rows.length && <p className="small muted">{plural(grid.rows.length - rows.length, "rejected model")} not shown.</p>}
    </section>
  );
}

/** Best first, as on the leaderboard; then those that still wait for folds. */
function useRankedRows(slug: string, grid: Grid): GridRow[] {
  const board = useLeaderboard(slug).data;
  return useMemo(() => {
    const order = new Map(board?.map((row, index) => [row.id, index]));
    const place = (row: GridRow): number => order.get(row.id) ?? order.size;
    return grid.rows.filter((row) => row.state !== "rejected").toSorted((one, other) => place(one) - place(other));
  }, [board, grid]);
}
