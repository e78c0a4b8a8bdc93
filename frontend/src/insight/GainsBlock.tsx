import { useMemo, useState } from "react";
import type { Contributions, Insight } from "../api/types";
import { formatMetric, formatScore } from "../ui/format";
import { Warnings } from "../ui/Notice";
import { Block } from "./Block";
import { worstOf } from "./findings";
import { filterGains, gainRows, type GainRow, type Shown } from "./gains";
import { GainTable } from "./GainTable";
import styles from "./Insight.module.css";

interface Props {
  insight: Insight;
  contributions: Contributions;
}

/** What each model gives, and why some were left out. */
export function GainsBlock({ insight, contributions }: Props) {
  const rows = useMemo(() => gainRows(insight, contributions), [insight, contributions]);
  const [shown, setShown] = useState<Shown>("all");
  const [search, setSearch] = useState("");
  const chosen = useMemo(() => filterGains(rows, search, shown), [rows, search, shown]);
  return (
    <Block
      title="What each model gives"
      says={
        <>
          To the nested greedy blend of all models, {formatMetric(contributions.metric)} {formatScore(contributions.value)}: how much worse it is
          without a model, and how much better with more of it. Positive is better, ± is one standard error, the line reaches two.
        </>
      }
    >
      <Warnings sentences={rows.filter(isDoubtful).map(tellDoubt)} />
      <div className={styles.filters}>
        <input
          type="search"
          className="input"
          aria-label="Search models"
          placeholder="Search name, owner"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <Choice rows={rows} value={shown} onChange={setShown} />
      </div>
      <GainTable rows={chosen} all={rows} />
    </Block>
  );
}

function Choice({ rows, value, onChange }: { rows: GainRow[]; value: Shown; onChange: (shown: Shown) => void }) {
  const used = rows.filter(({ gain }) => gain.weight > 0).length;
  const options = [
    ["all", `all ${rows.length}`],
    ["in", `${used} in the blend`],
    ["out", `${rows.length - used} left out`],
  ] as const;
  return (
    <fieldset className={styles.choice}>
      <legend className="hidden-text">Which models</legend>
      {options.map(([name, label]) => (
        <label key={name}>
          <input type="radio" name="shown" checked={value === name} onChange={() => onChange(name)} /> {label}
        </label>
      ))}
    </fieldset>
  );
}

/** A false model in the blend makes all gains false. */
const isDoubtful = ({ gain, warnings }: GainRow): boolean => worstOf(warnings) === "severe" && gain.weight > 0;

const tellDoubt = ({ model, gain }: GainRow): string =>
  `${model.name} has a severe warning and weight ${formatScore(gain.weight, 3)}: as long as it is here, what is said of all others is about a blend with it.`;
