"""Bytes to a table: by the name's ending where it is a known one, else by the first bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stackyard.contract.array_files import NPY_MAGIC, read_npy_table, read_npz_table
from stackyard.contract.csv_tables import read_csv_table
from stackyard.contract.expansion import expand_gzip, expand_zstd, read_bytes
from stackyard.contract.limits import MAX_BYTES, MAX_CELLS, Limits
from stackyard.contract.memory_tables import table_from_arrays, table_from_frame
from stackyard.contract.parquet_tables import PARQUET_MAGIC, read_parquet_table
from stackyard.contract.tables import Table
from stackyard.errors import UnknownFormat, UnreadableFile

__all__ = ["FORMATS", "Limits", "Source", "Table", "read_table", "table_from", "table_from_arrays", "table_from_frame"]

Source = str | Path | Table | Any
"""A path, a table, or a frame in memory."""


def read_table(path: str | Path, format: str | None = None, max_bytes: int = MAX_BYTES, max_cells: int = MAX_CELLS) -> Table:  # noqa: A002
    """Read a file; cells are parsed once the contract says which columns are numbers.

    format: a key of FORMATS; where absent, the ending of the name if it is one, else what the first bytes say (a stored blob has no name).
    max_bytes: of the file, and again of what it expands to. max_cells: rows times columns.
    Raises UnknownFormat, UnreadableFile, LimitExceeded, DuplicateColumns, MissingIdColumn (no header, or a raw array), WrongShape.
    """
    data = read_bytes(path, max_bytes)
    found = sniff_format(data)
    kind = format or name_format(path) or found
    if kind not in FORMATS:
        shown = repr(kind) if kind else f"bytes that begin with {data[:8].hex(' ')}"
        raise UnknownFormat(f"expected one of {', '.join(FORMATS)}, got {shown}")
    if found != kind:
        begin = f"like {found}" if found else f"with {data[:8].hex(' ')}"
        raise UnreadableFile(f"expected {kind}, as {'asked' if format else 'the name says'}, got bytes that begin {begin}")
    return FORMATS[kind](data, Limits(max_bytes, max_cells))


def table_from(source: Source, limits: Limits | None = None) -> Table:
    """Return a path's, a frame's or a table's table."""
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, Path)):
        limits = limits or Limits()
        return read_table(source, max_bytes=limits.max_bytes, max_cells=limits.max_cells)
    return table_from_frame(source)


def name_format(path: str | Path) -> str | None:
    """Return the format that a name's ending stands for, if any.

    >>> name_format("oof.CSV.gz"), name_format("probs.txt.gz")
    ('csv.gz', None)
    """
    name = Path(path).name.lower()
    return next((kind for kind in FORMATS if name.endswith(f".{kind}")), None)


def sniff_format(data: bytes) -> str | None:
    r"""Return the format that the first bytes show; text is taken for CSV.

    >>> sniff_format(b"PAR1"), sniff_format(b"id,p"), sniff_format(b"\x00\x01")
    ('parquet', 'csv', None)
    """
    for magic, kind in MAGIC.items():
        if data.startswith(magic):
            return kind
    return None if b"\0" in data[:4096] else "csv"


def _read_csv_gzip(data: bytes, limits: Limits) -> Table:
    return read_csv_table(expand_gzip(data, limits.max_bytes), limits)


def _read_csv_zstd(data: bytes, limits: Limits) -> Table:
    return read_csv_table(expand_zstd(data, limits.max_bytes), limits)


FORMATS: dict[str, Callable[[bytes, Limits], Table]] = {
    "csv": read_csv_table,
    "csv.gz": _read_csv_gzip,
    "csv.zst": _read_csv_zstd,
    "parquet": read_parquet_table,
    "npz": read_npz_table,
    "npy": read_npy_table,
}
"""Ending of a name -> what reads such bytes."""

MAGIC = {
    b"\x1f\x8b": "csv.gz",
    b"\x28\xb5\x2f\xfd": "csv.zst",
    PARQUET_MAGIC: "parquet",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    NPY_MAGIC: "npy",
}
