import { flexRender, type Header } from "@tanstack/react-table";
import styles from "./HeadCell.module.css";

/** A column's title; a press sorts by it, where that makes sense. */
export function HeadCell<T>({ header }: { header: Header<T, unknown> }) {
  const { column } = header;
  const direction = column.getIsSorted();
  const order = direction === false ? "none" : direction === "asc" ? "ascending" : "descending";
  const title = flexRender(column.columnDef.header, header.getContext());
  if (!column.getCanSort()) {
    return (
      <th scope="col" className={column.columnDef.meta?.className}>
        {title}
      </th>
    );
  }
  return (
    <th scope="col" className={column.columnDef.meta?.className} aria-sort={order}>
      <button type="button" className={styles.sort} onClick={column.getToggleSortingHandler()}>
        {title}
        <span aria-hidden="true" className={styles.arrow}>
          {direction === "asc" ? "↑" : direction === "desc" ? "↓" : ""}
        </span>
      </button>
    </th>
  );
}
