"""A table's value columns as numbers, every cell that is none, not finite or out of range named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from stackyard.contract.aligning import Cells, Numbers, row_of
from stackyard.contract.contract import MULTICLASS, ROW_SUM_TOLERANCE, Contract
from stackyard.contract.tables import POLARS_FAILURES, Table, column_rows
from stackyard.errors import (
    FIRST_ROWS,
    ContractError,
    MissingColumns,
    MissingIdColumn,
    NotANumber,
    NotFinite,
    OutOfRange,
    RowSumWrong,
    StackyardError,
    UnknownColumns,
)

Mask = npt.NDArray[np.bool_]
# 0.999 is written as 0.999 and summed as a little less: the tolerance itself is still within.
SUM_SLACK = 1e-9
MOST_SHOWN = 80
LARGEST = float(np.finfo(np.float32).max)


def check_header(columns: Sequence[str], id_column: str, expected: Sequence[str]) -> list[StackyardError]:
    """Return MissingIdColumn, MissingColumns and UnknownColumns as they apply; the order of columns is free."""
    errors: list[StackyardError] = []
    wanted = f"expected the columns {', '.join([id_column, *expected])}"
    if id_column not in columns:
        errors.append(
            MissingIdColumn(f"{wanted}, got no {id_column!r} among {', '.join(map(repr, columns[:20]))}", column_rows([id_column]))
        )
    missing = [name for name in expected if name not in columns]
    if missing:
        errors.append(MissingColumns(f"{wanted}, got none named {', '.join(map(repr, missing))}", column_rows(missing)))
    unknown = [name for name in columns if name not in {id_column, *expected}]
    if unknown:
        shown = ", ".join(map(repr, unknown[:20])) + (f" and {len(unknown) - 20} more" if len(unknown) > 20 else "")
        errors.append(UnknownColumns(f"{wanted}, got also {shown}", column_rows(unknown)))
    return errors


@dataclass(frozen=True, eq=False)
class Parsed:
    """Text columns, and numbers (rows, columns) with 0 where `bad` says that the field is none."""

    texts: pl.DataFrame
    numbers: Numbers
    bad: Mask
    fields: pl.DataFrame | None = None
    """The number columns as they came, kept where some field is bad."""


def read_cells(table: Table, contract: Contract) -> Cells:
    """Read ids and numbers by the contract's columns; raise UnreadableFile where the file is broken."""
    header_errors = check_header(table.columns, contract.id_column, contract.classes)
    present = [name for name in contract.classes if name in table.columns]
    texts = [contract.id_column] if contract.id_column in table.columns else []
    if not present and not texts:
        return Cells(None, np.empty((0, 0)), header_errors, (), table.notes)
    parsed = parse_numbers(table, texts, present)
    ids = parsed.texts[texts[0]] if texts else None
    value_errors = check_values(parsed, ids, present, contract.value_range)
    if contract.task == MULTICLASS and len(present) == len(contract.classes):
        value_errors += _check_sums(parsed, ids)
    return Cells(ids, parsed.numbers, header_errors, value_errors, table.notes)


def parse_numbers(table: Table, texts: Sequence[str], columns: Sequence[str]) -> Parsed:
    """Return text columns as they came and the others as float64.

    polars names the column of a bad field but not its row: only then all is read again as text, to see which fields turn into no number.
    """
    try:
        frame = table.select(texts, columns)
    except POLARS_FAILURES:
        frame = None
    if frame is not None and not any(frame[name].null_count() for name in columns):
        numbers = _grid(frame, columns)
        return Parsed(frame.select(texts), numbers, np.zeros(numbers.shape, np.bool_))
    fields = table.select_texts([*texts, *columns])
    parsed = fields.select(pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in columns)
    bad = np.column_stack([parsed[name].is_null().to_numpy() for name in columns])
    return Parsed(fields.select(texts), _grid(parsed.fill_null(0.0), columns), bad, fields.select(columns))


def _grid(frame: pl.DataFrame, columns: Sequence[str]) -> Numbers:
    return frame.select(columns).to_numpy().reshape(len(frame), len(columns))


def check_values(
    parsed: Parsed, ids: pl.Series | None, columns: Sequence[str], value_range: tuple[float, float] | None
) -> list[StackyardError]:
    """Return NotANumber, NotFinite and OutOfRange as they apply, each with its exact count and first five cells.

    value_range: lowest and highest value, both allowed; None for any number that float32 can hold.
    """
    numbers, errors = parsed.numbers, list[StackyardError]()
    low, high = value_range or (-LARGEST, LARGEST)
    if parsed.bad.any():
        errors.append(_not_numbers(parsed, ids, columns))
    # one pass says that all is well; NaN makes both comparisons false
    if numbers.size and not (numbers.min() >= low and numbers.max() <= high):
        errors += _check_range(numbers, ids, columns, low, high)
    return errors


def _check_range(numbers: Numbers, ids: pl.Series | None, columns: Sequence[str], low: float, high: float) -> list[StackyardError]:
    errors: list[StackyardError] = []
    infinite = ~np.isfinite(numbers)
    if infinite.any():
        rows = _blame(infinite, ids, columns, lambda row, column: str(numbers[row, column]))
        errors.append(_error(NotFinite, "finite numbers", rows, int(infinite.sum())))
    outside = ~infinite & ((numbers < low) | (numbers > high))
    if outside.any():
        rows = _blame(outside, ids, columns, lambda row, column: float(numbers[row, column]))
        errors.append(_error(OutOfRange, f"values from {low:.6g} to {high:.6g}", rows, int(outside.sum())))
    return errors


def _check_sums(parsed: Parsed, ids: pl.Series | None) -> list[StackyardError]:
    """Judge the rows whose cells are all in range: the others have been named already."""
    whole = ((parsed.numbers >= 0.0) & (parsed.numbers <= 1.0) & ~parsed.bad).all(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        sums = parsed.numbers.sum(axis=1)
    wrong = np.asarray(whole & (np.abs(sums - 1.0) > ROW_SUM_TOLERANCE + SUM_SLACK))
    if not wrong.any():
        return []
    rows = _blame(wrong[:, None], ids, [None], lambda row, _: float(sums[row]))
    return [_error(RowSumWrong, f"rows that sum to 1 within {ROW_SUM_TOLERANCE:g}", rows, int(wrong.sum()))]


def _not_numbers(parsed: Parsed, ids: pl.Series | None, columns: Sequence[str]) -> NotANumber:
    fields = parsed.fields if parsed.fields is not None else pl.DataFrame()
    rows = _blame(parsed.bad, ids, columns, lambda row, column: str(fields.item(row, column))[:MOST_SHOWN])
    return _error(NotANumber, "numbers", rows, int(parsed.bad.sum()))


def _blame(
    mask: Mask, ids: pl.Series | None, columns: Sequence[str | None], value: Callable[[int, int], str | float]
) -> list[dict[str, Any]]:
    """Return the first five marked cells, row by row."""
    flat = np.flatnonzero(mask.ravel())[:FIRST_ROWS]
    cells = [divmod(int(cell), mask.shape[1]) for cell in flat]
    return [row_of(row + 1, None if ids is None else ids[row], columns[column], value(row, column)) for row, column in cells]


Named = TypeVar("Named", bound=ContractError)


def _error(kind: type[Named], expected: str, rows: list[dict[str, Any]], count: int) -> Named:
    first = rows[0]
    place = f"row {first['row']}" + (f" (id {first['id']!r})" if first["id"] is not None else "")
    column = f", column {first['column']!r}" if first["column"] is not None else ""
    others = f", and {count - 1} more" if count > 1 else ""
    return kind(f"expected {expected}, got {first['value']!r} in {place}{column}{others}", rows, count)
