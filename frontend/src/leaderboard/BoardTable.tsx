import { flexRender, getCoreRowModel, getSortedRowModel, useReactTable, type Row, type SortingState } from "@tanstack/react-table";
import { useMemo, type MouseEvent } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import type { Competition, LeaderboardRow } from "../api/types";
import { about, useWarnings } from "../insight/findings";
import { usePredictionLink } from "../prediction/link";
import { HeadCell } from "../ui/HeadCell";
import { boardColumns } from "./columns";
import styles from "./BoardTable.module.css";

interface Props {
  competition: Competition;
  rows: LeaderboardRow[];
  /** Rows before filtering: the axis of the fold strips stays where it is while one filters. */
  all: LeaderboardRow[];
  sorting: SortingState;
  onSort: (sorting: SortingState) => void;
}

export function BoardTable({ competition, rows, all, sorting, onSort }: Props) {
  const warnings = useWarnings(competition.slug);
  const columns = useMemo(
    () => boardColumns(all, competition.higher_is_better, warnings),
    [all, competition.higher_is_better, warnings],
  );
  const table = useReactTable({
    data: rows,
    columns,
    state: { sorting },
    onSortingChange: (update) => onSort(typeof update === "function" ? update(sorting) : update),
    getRowId: (row) => String(row.id),
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  return (
    <div className={`panel ${styles.frame}`}>
      <table className={`table ${styles.board}`}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <HeadCell key={header.id} header={header} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <BodyRow key={row.id} row={row} />
          ))}
        </tbody>
      </table>
      <Key rows={rows} warned={rows.some((row) => about(warnings, row.id).length > 0)} slug={competition.slug} />
      {rows.length === 0 && <p className={styles.none}>No prediction fits these filters.</p>}
    </div>
  );
}

/** What the marks in the rows mean. */
function Key({ rows, warned, slug }: { rows: LeaderboardRow[]; warned: boolean; slug: string }) {
  const noisy = rows.some((row) => row.within_noise);
  if (!noisy && !warned) return null;
  return (
    <p className={styles.key}>
      {noisy && "≈ within noise of the rank above: which rows came may alone have decided between the two. "}
      {warned && (
        <>
          ! a warning about the model: <Link href={`/competitions/${slug}/insight`}>see Insight</Link>.
        </>
      )}
    </p>
  );
}

function BodyRow({ row }: { row: Row<LeaderboardRow> }) {
  const [, navigate] = useLocation();
  const [params] = useSearchParams();
  const link = usePredictionLink();
  const open = params.get("prediction") === row.id;
  const openRow = (event: MouseEvent): void => {
    if (!event.defaultPrevented) navigate(link(row.original.id));
  };
  return (
    // The name in the row is a link for keys and readers; the whole row is a larger target for the mouse.
    <tr className={open ? styles.open : styles.row} data-state={row.original.state} onClick={openRow}>
      {row.getVisibleCells().map((cell) => (
        <td key={cell.id} className={cell.column.columnDef.meta?.className}>
          {flexRender(cell.column.columnDef.cell, cell.getContext())}
        </td>
      ))}
    </tr>
  );
}
