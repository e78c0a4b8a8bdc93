import type { RowData } from "@tanstack/react-table";

declare module "@tanstack/react-table" {
  // The names of the type parameters are the library's.
  interface ColumnMeta<TData extends RowData, TValue> {
    className?: string;
  }
}
