import { useMemo, useState } from "react";
import { useGrid } from "../api/competitions";
import type { Competition, Grid } from "../api/types";
import { Asked } from "../ui/Asked";
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
  const [compared, setCompared] = useState<Compared>("fold");
  const shade = useMemo(() => makeShade(grid, competition.higher_is_better, compared), [grid, competition.higher_is_better, compared]);
  return (
    <section className="stack" aria-label="Model by fold">
      <fieldset className={styles.choice}>
        <legend className="hidden-text">What the colours compare</legend>
        <span className="soft">Darker is better, compared</span>
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
      <GridTable slug={competition.slug} grid={grid} shade={shade} />
    </section>
  );
}
