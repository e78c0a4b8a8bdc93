"""Named columns of text from small files: CSV (also .gz), .npz of one array a column, Parquet where polars is installed."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.arrays import read_arrays, texts
from pipelines.errors import DataInvalid
from pipelines.nearest import hint
from pipelines.parquet import polars, read_parquet

Columns = dict[str, list[str]]
MOST_NAMED = 5


def read_columns(path: Path, names: Sequence[str] = ()) -> Columns:
    """Return the named columns (none named: all) as text, exactly as it came.

    Raises DataInvalid: no such file, unreadable, a column absent or twice, rows of another length.
    """
    if not path.is_file():
        raise DataInvalid(f"expected a file at {path}, got none")
    kind = next((ending for ending in _READERS if path.name.lower().endswith(ending)), ".csv")
    columns = _READERS[kind](path, names)
    for name in names:
        if name not in columns:
            raise DataInvalid(f"expected a column {name!r} in {path}, got none{hint(name, columns)}")
    return {name: columns[name] for name in names} if names else columns


def shown(names: Sequence[str]) -> str:
    """Return the first five names, and how many more there are.

    >>> shown(["a", "b"])
    "'a', 'b'"
    """
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(repr(str(name)) for name in names[:MOST_NAMED]) + more


def refuse_repeats(ids: Sequence[str], where: object) -> None:
    """Raise DataInvalid where an id is empty or stands twice."""
    seen: set[str] = set()
    bad = [name for name in ids if not name or name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if bad or not ids:
        raise DataInvalid(f"expected each id once in {where}, got {shown(bad) + ' empty or again' if bad else 'no rows'}")


def _read_csv(path: Path, names: Sequence[str]) -> Columns:
    del names
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        header, *rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) if row]
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        raise DataInvalid(f"expected a CSV file with a header at {path}, got: {error}") from error
    if len(set(header)) != len(header):
        raise DataInvalid(f"expected each column once in {path}, got {', '.join(header)}")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DataInvalid(f"expected {len(header)} fields a row in {path}, got {len(row)} in row {number}")
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


def _read_npz(path: Path, names: Sequence[str]) -> Columns:
    return {name: texts(array) for name, array in read_arrays(path, DataInvalid, names).items()}


def _read_parquet(path: Path, names: Sequence[str]) -> Columns:
    def select(frame: Any) -> Any:
        present = [name for name in frame.collect_schema().names() if not names or name in names]
        return frame.select(polars().col(present).cast(polars().String).fill_null("")).collect()

    return {column.name: column.to_list() for column in read_parquet(path, select)}


_READERS = {".csv": _read_csv, ".csv.gz": _read_csv, ".npz": _read_npz, ".parquet": _read_parquet}
"""Ending of a name -> what reads it."""
