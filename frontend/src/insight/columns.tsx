import { createColumnHelper } from "@tanstack/react-table";
import { Link } from "wouter";
import { usePredictionLink } from "../prediction/link";
import { formatScore } from "../ui/format";
import { GainCell } from "./GainCell";
import { reachOf, type GainRow } from "./gains";
import styles from "./Insight.module.css";
import { WarningMark } from "./WarningMark";
import { REASONS } from "./words";

const column = createColumnHelper<GainRow>();
/** Rows without a value stand last, whichever way the column is sorted. */
const last = { sortUndefined: "last", sortDescFirst: true } as const;

/** The columns of a table of these models. */
export function gainColumns(rows: GainRow[]) {
  const [drop, add] = [reachOf(rows, "drop"), reachOf(rows, "add")];
  return [
    column.accessor(({ model }) => model.name, { id: "model", header: "Model", cell: ({ row }) => <ModelCell row={row.original} />, sortingFn: "alphanumeric" }),
    column.accessor(({ model }) => model.score, {
      id: "score",
      header: "Score",
      cell: ({ getValue }) => formatScore(getValue()),
      meta: { className: "number wide-only" },
      ...last,
    }),
    column.accessor(({ gain }) => gain.weight, { id: "weight", header: "Weight", cell: ({ getValue }) => <Weight value={getValue()} />, meta: { className: "number" }, ...last }),
    column.accessor(({ gain }) => gain.drop_gain ?? undefined, {
      id: "drop",
      header: "Lost without it",
      cell: ({ row: { original } }) => <GainCell gain={original.gain.drop_gain} noise={original.gain.drop_noise} reach={drop} />,
      meta: { className: "number" },
      ...last,
    }),
    column.accessor(({ gain }) => gain.add_gain ?? undefined, {
      id: "add",
      header: "Gained with more",
      cell: ({ row: { original } }) => <GainCell gain={original.gain.add_gain} noise={original.gain.add_noise} reach={add} />,
      meta: { className: "number wide-only" },
      ...last,
    }),
    column.accessor(({ model }) => model.nearest_correlation ?? undefined, {
      id: "nearest",
      header: "Most alike",
      cell: ({ row }) => <NearestCell row={row.original} />,
      meta: { className: "wide-only" },
      ...last,
    }),
    column.accessor(({ gain }) => REASONS[gain.reason.kind] ?? gain.reason.kind, {
      id: "reason",
      header: "Why",
      cell: ({ row }) => <Reason row={row.original} />,
      meta: { className: `wide-only ${styles.why}` },
    }),
  ];
}

function ModelCell({ row: { model, warnings } }: { row: GainRow }) {
  const link = usePredictionLink();
  return (
    <div className={styles.model}>
      <span>
        <Link href={link(model.id)}>{model.name}</Link> <WarningMark findings={warnings} />
      </span>
      <span className="small muted">
        {model.owner}
        {model.version > 1 && `, v${model.version}`}
      </span>
    </div>
  );
}

export function Reason({ row: { gain } }: { row: GainRow }) {
  return (
    <>
      <strong>{REASONS[gain.reason.kind] ?? gain.reason.kind}</strong> <span className="small soft">{gain.reason.sentence}</span>
    </>
  );
}

function Weight({ value }: { value: number }) {
  return value > 0 ? <strong>{formatScore(value, 3)}</strong> : <span className="muted">0</span>;
}

function NearestCell({ row: { model, nearest } }: { row: GainRow }) {
  if (!nearest) return <span className="muted">–</span>;
  return (
    <div className={styles.nearest}>
      <span className="small">{nearest.name}</span>
      <span className="small muted">{formatScore(model.nearest_correlation, 4)}</span>
    </div>
  );
}
