import { useEffect, useId, useRef } from "react";
import type { LeaderboardRow } from "../api/types";
import { isFiltered, type BoardView } from "./view";
import styles from "./Filters.module.css";

interface Props {
  rows: LeaderboardRow[];
  shown: number;
  view: BoardView;
  onChange: (change: Partial<BoardView>) => void;
}

export function Filters({ rows, shown, view, onChange }: Props) {
  const rejected = rows.filter((row) => row.state === "rejected").length;
  const possible = rows.length - (view.rejected ? 0 : rejected);
  const distinct = (pick: (row: LeaderboardRow) => string): string[] => [...new Set(rows.map(pick))].filter(Boolean).sort();
  return (
    <div className={styles.filters} role="search">
      <SearchBox value={view.search} onChange={(search) => onChange({ search })} />
      <Choice label="Level" value={view.level} options={distinct((row) => String(row.level))} onChange={(level) => onChange({ level })} />
      <Choice label="Owner" value={view.owner} options={distinct((row) => row.owner)} onChange={(owner) => onChange({ owner })} />
      <Choice label="Variant" value={view.variant} options={distinct((row) => row.variant)} onChange={(variant) => onChange({ variant })} />
      {rejected > 0 && (
        <label className={styles.toggle}>
          <input type="checkbox" checked={view.rejected} onChange={(event) => onChange({ rejected: event.target.checked })} />
          {rejected} rejected
        </label>
      )}
      <span className={styles.count} role="status">
        {shown === possible ? `${shown} predictions` : `${shown} of ${possible}`}
        {isFiltered(view) && (
          <button type="button" className="button-quiet" onClick={() => onChange({ search: "", level: "", owner: "", variant: "" })}>
            Show all
          </button>
        )}
      </span>
    </div>
  );
}

function SearchBox({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      box.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);
  return (
    <input
      ref={box}
      type="search"
      className={`input ${styles.search}`}
      aria-label="Search predictions"
      placeholder="Search name, owner ( / )"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: string[];
  onChange: (value: string) => void;
}

/** A filter; absent while there is nothing to choose between. */
function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId();
  if (options.length < 2 && !value) return null;
  return (
    <div className={styles.choice}>
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">all</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </div>
  );
}
