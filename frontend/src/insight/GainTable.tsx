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

export function GainTable({ rows, all }: Props) {
  const columns = useMemo(() => gainColumns(all), [all]);
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
          {table.getRowModel().rows.map((row) => (
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
      {rows.length === 0 && <p className={styles.none}>No model fits.</p>}
    </div>
  );
}
