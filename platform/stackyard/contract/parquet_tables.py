"""Parquet: the footer's claims are held to the limits first, then only the columns asked for are read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from stackyard.contract.limits import Limits
from stackyard.contract.tables import POLARS_FAILURES, Table, first_line, refuse_duplicates, table_of
from stackyard.errors import UnreadableFile

PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True, eq=False)
class ParquetTable(Table):
    """The file's bytes: decoded once it is known which columns are wanted."""

    data: bytes
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def select(self, texts: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
        """Decode these columns and cast them as asked."""
        wanted = list(dict.fromkeys([*texts, *numbers]))
        frame = pl.read_parquet(io.BytesIO(self.data), columns=wanted, hive_partitioning=False, glob=False)
        return table_of(frame).select(texts, numbers)


def read_parquet_table(data: bytes, limits: Limits) -> ParquetTable:
    """Return the table of Parquet bytes.

    Raises UnreadableFile (damaged), LimitExceeded (the footer claims more cells than allowed), DuplicateColumns.
    """
    footer = int.from_bytes(data[-8:-4], "little")
    if data[:4] != PARQUET_MAGIC or data[-4:] != PARQUET_MAGIC or footer > len(data) - 12:
        raise UnreadableFile(f"expected Parquet with a whole footer, got {len(data)} bytes that claim a footer of {footer}")
    try:
        scan = pl.scan_parquet(io.BytesIO(data), hive_partitioning=False, glob=False)
        columns = scan.collect_schema().names()
        rows = int(scan.select(pl.len()).collect().item())
    except POLARS_FAILURES as error:
        raise UnreadableFile(f"expected Parquet, got: {first_line(error)}") from error
    refuse_duplicates(columns)
    limits.check_cells(rows, len(columns))
    return ParquetTable(data, tuple(columns))
