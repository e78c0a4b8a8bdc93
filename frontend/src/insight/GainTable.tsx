import { flexRender, getCoreRowModel, getSortedRowModel, useReactTable, type SortingState } from "@tanstack/react-table";
import { Fragment, useMemo, useState } from "react";
import { HeadCell } from "../ui/HeadCell";
import { gainColumns, Reason } from "./columns";
import type { GainRow } from "./gains";
import styles from "./Insight.module.css";

interface Props {
  rows: GainRow[];
  /** Rows before filtering: the axes stay where they are while one filters. */
  all: GainRow[];
}

/** With some hundred models, what comes below must still be found. */
const MOST_SHOWN = 30;

export function GainTable({ rows, all }: Props) {
  const columns = useMemo(() => gainColumns(all), [all]);
  const [whole, setWhole] = useState(false);
  const [sorting, setSorting] = useState<SortingState>([{ id: "drop", desc: true }]);
  const table = useReactTable({
    data: rows,
    columns,
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: ({ model }) => String(model.id),
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const sorted = table.getRowModel().rows;
  const shown = whole ? sorted : sorted.slice(0, MOST_SHOWN);
  return (
    <div className="scroll-x">
      <table className={`table ${styles.gains}`}>
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
          {shown.map((row) => (
            <Fragment key={row.id}>
              <tr>
                {row.getVisibleCells().map((cell) => (
                  <td key={cell.id} className={cell.column.columnDef.meta?.className}>
                    {flexRender(cell.column.columnDef.cell, cell.getContext())}
                  </td>
                ))}
              </tr>
              {/* On a phone the reason has no room beside the numbers. */}
              <tr className={styles.below}>
                <td colSpan={columns.length}>
                  <Reason row={row.original} />
                </td>
              </tr>
            </Fragment>
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && (
        <p className={styles.none}>
          <button type="button" className="button" onClick={() => setWhole(true)}>
            Show all {rows.length}
          </button>
        </p>
      )}
      {rows.length === 0 && <p className={styles.none}>No model fits.</p>}
    </div>
  );
}
