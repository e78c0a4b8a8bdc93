"""Tables from what a caller holds in memory: polars and pandas frames, dicts of arrays, ids beside an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from stackyard.contract.contract import Ids
from stackyard.contract.tables import ArraysTable, Table, refuse_duplicates, table_of
from stackyard.errors import MissingIdColumn, UnknownColumns, UnknownFormat, UnreadableFile, WrongShape

ARRAY_KEYS = ("ids", "predictions", "columns")
NO_IDS = "raw arrays have no row names: add ids, for example np.savez(path, ids=ids, predictions=array, columns=names)"


def table_from_frame(frame: Any) -> Table:
    """Return a table from a polars DataFrame, a pandas DataFrame (its columns, not its index) or a dict of arrays.

    Raises UnknownFormat for anything else, DuplicateColumns, WrongShape.

    >>> table_from_frame({"id": ["a"], "p": [0.5]}).columns
    ('id', 'p')
    """
    if isinstance(frame, pl.DataFrame):
        return table_of(frame)
    if isinstance(frame, Mapping):
        return table_from_mapping(frame)
    if hasattr(frame, "columns") and hasattr(frame, "iloc"):
        # pandas is known by its shape: it is no dependency of ours
        names = [str(name) for name in frame.columns]
        refuse_duplicates(names)
        return table_of(pl.DataFrame([_series(name, frame[key].to_numpy()) for name, key in zip(names, frame.columns, strict=True)]))
    raise UnknownFormat(f"expected a path, a frame, or a dict of arrays, got {type(frame).__name__}")


def table_from_mapping(arrays: Mapping[str, Any]) -> Table:
    """Return a table from ids + predictions [+ columns], or from one array a column; ids may be called "ids" or as in the contract.

    Raises MissingIdColumn for predictions without ids, UnknownColumns, WrongShape.

    >>> table_from_mapping({"ids": ["a"], "predictions": [[0.25, 0.75]], "columns": ["x", "y"]}).columns
    ('ids', 'x', 'y')
    """
    if "predictions" in arrays and np.ndim(arrays["predictions"]) == 2 and "ids" not in arrays:
        raise MissingIdColumn(f"expected ids beside predictions, got {', '.join(map(repr, arrays))}; {NO_IDS}")
    if "predictions" in arrays and "ids" in arrays:
        unknown = [name for name in arrays if name not in ARRAY_KEYS]
        if unknown:
            raise UnknownColumns(f"expected the arrays {', '.join(ARRAY_KEYS)}, got also {', '.join(unknown)}")
        return table_from_arrays(arrays["ids"], arrays["predictions"], arrays.get("columns"))
    columns = [_series(str(name), _array(values)) for name, values in arrays.items()]
    lengths = {column.name: len(column) for column in columns}
    if len(set(lengths.values())) > 1:
        raise WrongShape(f"expected columns of one length, got {lengths}")
    named = pl.DataFrame(columns)
    return ArraysTable(named["ids"], named.drop("ids"), named=True) if "ids" in arrays else table_of(named)


def table_from_arrays(ids: Ids, array: npt.ArrayLike, columns: Sequence[str] | npt.NDArray[Any] | None = None) -> Table:
    """Return a table from ids (n,) beside values (n,) or (n, columns); without names the columns are the contract's, in its order.

    Raises WrongShape where the lengths differ, DuplicateColumns.

    >>> table_from_arrays(["a", "b"], [0.5, 1.0]).bind("id", ["p"]).columns
    ('id', 'p')
    """
    values = _array(array)
    grid = values[:, None] if values.ndim == 1 else values
    names = None if columns is None else [str(name) for name in np.asarray(columns).ravel().tolist()]
    id_column = ids if isinstance(ids, pl.Series) else _series("ids", _array(ids))
    if grid.ndim != 2 or len(grid) != len(id_column) or (names is not None and len(names) != grid.shape[1]):
        expected = f"{len(id_column)} rows" + ("" if names is None else f" x {len(names)} columns")
        raise WrongShape(f"expected an array of {expected}, got shape {values.shape}")
    refuse_duplicates(names or [])
    series = [_series(name, grid[:, position]) for position, name in enumerate(names or [f"column_{i}" for i in range(grid.shape[1])])]
    return ArraysTable(id_column, pl.DataFrame(series), named=names is not None)


def _array(values: Any) -> npt.NDArray[Any]:
    if isinstance(values, pl.Series):
        return values.to_numpy()
    listed = list(values) if isinstance(values, (range, tuple)) else values
    try:
        return np.asarray(listed)
    except ValueError as error:
        raise WrongShape(f"expected arrays with rows of one length, got {error}") from error


def _series(name: str, array: npt.NDArray[Any]) -> pl.Series:
    """Return one column; what is neither text nor number shows its type in each cell, and is refused where a number is due."""
    if array.ndim != 1:
        raise WrongShape(f"expected one value a row in {name!r}, got shape {array.shape}")
    if array.dtype.kind == "O":
        return pl.Series(name, [None if value is None else str(value) for value in array.tolist()], dtype=pl.String)
    if array.dtype.kind == "S":
        return pl.Series(name, _decoded(name, array), dtype=pl.String)
    if array.dtype.kind == "U":
        return pl.Series(name, array.tolist(), dtype=pl.String)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return pl.Series(name, array.astype(np.float64))
    if array.dtype.kind in "biuf":
        return pl.Series(name, np.require(array, array.dtype.newbyteorder("="), ["C", "A"]))
    return pl.Series(name, [f"<{array.dtype}>"] * len(array), dtype=pl.String)


def _decoded(name: str, array: npt.NDArray[Any]) -> list[str]:
    try:
        return [value.decode() for value in array.tolist()]
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"expected UTF-8 text in {name!r}, got {error.object!r}") from error
