"""What a member holds in memory, as the bytes of a file: frames, dicts, ids beside an array, or an array in the contract's own order."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
from stackyard.contract.contract import Contract
from stackyard.contract.reading import Table, table_from_arrays, table_from_frame
from stackyard.contract.tables import FrameTable
from stackyard.errors import UnknownFormat

PAIR = 2


def table_of_values(values: Any, contract: Contract, which: str, fold: int | None) -> Table:
    """Return values as a table with the contract's names.

    values: a polars or pandas frame, a dict of arrays, a pair (ids, array), or an array alone, whose rows are then in the contract's
    order. which: "oof" or "test".
    Raises WrongShape where rows or columns do not fit, UnknownFormat for anything else.
    """
    if isinstance(values, Table):
        return values
    if isinstance(values, tuple) and len(values) == PAIR:
        return table_from_arrays(values[0], values[1]).bind(contract.id_column, contract.classes)
    if _is_bare(values):
        return table_from_arrays(ids_for(contract, which, fold), values).bind(contract.id_column, contract.classes)
    return table_from_frame(_with_index(values, contract.id_column)).bind(contract.id_column, contract.classes)


def parquet_bytes(table: Table) -> bytes:
    """Return a table as Parquet: numbers keep their type, and arrive as they were."""
    if not isinstance(table, FrameTable):
        raise UnknownFormat(f"expected a table with names, got {type(table).__name__}")
    buffer = io.BytesIO()
    table.frame.write_parquet(buffer)
    return buffer.getvalue()


def ids_for(contract: Contract, which: str, fold: int | None) -> pl.Series:
    """Return the ids whose order an array alone must have: the test ids, or the train ids, or one fold's of these."""
    if which == "test":
        return contract.test_ids
    return contract.train_ids if fold is None else contract.train_ids[contract.fold_rows(fold)]


def _is_bare(values: Any) -> bool:
    """Whether values are an array (numpy, torch, a column), or nested lists of numbers."""
    return isinstance(values, list) or (hasattr(values, "__array__") and not hasattr(values, "columns"))


def _with_index(frame: Any, id_column: str) -> Any:
    """Return a pandas frame with its ids as a column where they are its index."""
    index = getattr(frame, "index", None)
    if hasattr(frame, "iloc") and id_column not in frame.columns and getattr(index, "name", None) == id_column:
        return frame.reset_index()
    return frame
