import { createColumnHelper } from "@tanstack/react-table";
import type { Finding, LeaderboardRow } from "../api/types";
import { about } from "../insight/findings";
import { formatGap, formatScore } from "../ui/format";
import { Age } from "../ui/Age";
import styles from "./BoardTable.module.css";
import { FoldStrip } from "./FoldStrip";
import { ModelCell } from "./ModelCell";
import { foldSpan, type Span } from "./span";

const column = createColumnHelper<LeaderboardRow>();
/** Rows without a value stand last, whichever way the column is sorted. */
const last = { sortUndefined: "last" } as const;

/** The columns of a leaderboard with these rows. */
export function boardColumns(rows: LeaderboardRow[], higherIsBetter: boolean, warnings: Finding[]) {
  const span = foldSpan(rows, higherIsBetter);
  const said = [
    ...(rows.some((row) => row.low !== null) ? [intervalColumn] : []),
    ...(rows.some((row) => gapOf(row) !== undefined) ? [gapColumn] : []),
  ];
  return [...firstColumns(higherIsBetter, warnings), ...said, ...lastColumns(span)];
}

function firstColumns(higherIsBetter: boolean, warnings: Finding[]) {
  return [
    column.accessor((row) => row.rank ?? undefined, { id: "rank", header: "Rank", cell: ({ row }) => <RankCell row={row.original} />, meta: { className: "number" }, ...last }),
    column.accessor("name", { header: "Model", cell: ({ row }) => <ModelCell row={row.original} warnings={about(warnings, row.original.id)} />, sortingFn: "alphanumeric" }),
    column.accessor("owner", { header: "Owner", meta: { className: "wide-only" } }),
    column.accessor("level", { header: "Level", meta: { className: "number wide-only" } }),
    column.accessor((row) => row.score ?? undefined, {
      id: "score",
      header: "Score",
      cell: ({ row }) => <ScoreCell row={row.original} />,
      sortDescFirst: higherIsBetter,
      meta: { className: "number" },
      ...last,
    }),
  ];
}

/** Absent until a worker has measured the first. */
const intervalColumn = column.accessor((row) => row.low ?? undefined, {
  id: "interval",
  header: "95 % interval",
  cell: ({ row }) => <span className="muted">{showInterval(row.original)}</span>,
  enableSorting: false,
  meta: { className: "number wide-only" },
});

/** Absent while nothing was fitted to the rows that it is judged on. */
const gapColumn = column.accessor(gapOf, {
  id: "gap",
  header: "In-sample gap",
  cell: ({ getValue }) => <span className="muted">{showGap(getValue())}</span>,
  meta: { className: "number wide-only" },
  ...last,
});

function lastColumns(span: Span) {
  return [
    column.accessor((row) => row.std ?? undefined, {
      id: "std",
      header: "By fold",
      cell: ({ row }) => <FoldStrip values={row.original.by_fold} middle={row.original.score} span={span} />,
      sortDescFirst: false,
      meta: { className: "wide-only" },
      ...last,
    }),
    column.accessor("folds", { header: "Folds", enableSorting: false, meta: { className: "number wide-only" } }),
    column.accessor("has_test", { header: "Test", cell: ({ getValue }) => (getValue() ? "yes" : <span className="muted">no</span>), meta: { className: "wide-only" } }),
    column.accessor("created_at", { header: "Uploaded", cell: ({ getValue }) => <Age at={getValue()} />, sortDescFirst: true, meta: { className: "wide-only" } }),
  ];
}

/** How much the score flatters itself on the rows it was fitted on; nothing where nothing was fitted. */
function gapOf(row: LeaderboardRow): number | undefined {
  return row.gap === null || Math.abs(row.gap) < 5e-7 ? undefined : row.gap;
}

function showInterval(row: LeaderboardRow): string {
  return row.low === null || row.high === null ? "" : `${formatScore(row.low, 4)} – ${formatScore(row.high, 4)}`;
}

/** The mark stands before the number, so that the numbers stay below one another. */
function RankCell({ row }: { row: LeaderboardRow }) {
  if (row.rank === null) return "–";
  return (
    <>
      {row.within_noise && (
        <abbr className={styles.noise} title="Within noise of the rank above: which rows came may alone have decided between the two (95 %)">
          ≈
        </abbr>
      )}
      {row.rank}
    </>
  );
}

function showGap(gap: number | undefined): string {
  return gap === undefined ? "" : formatGap(gap);
}

function ScoreCell({ row }: { row: LeaderboardRow }) {
  if (row.score === null) return <span className="muted">–</span>;
  return (
    <>
      <strong>{formatScore(row.score)}</strong> <span className={styles.std}>± {formatScore(row.std, 4)}</span>
    </>
  );
}
