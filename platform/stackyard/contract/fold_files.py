"""A team's own folds: a file of ids and fold numbers that must cover every train id exactly once."""

from __future__ import annotations

import numpy as np
import polars as pl

from stackyard.contract.aligning import Target, check_places, find_places, row_of
from stackyard.contract.cells import parse_numbers
from stackyard.contract.contract import Folds, Ids, as_ids
from stackyard.contract.reading import Source, table_from
from stackyard.contract.tables import Table
from stackyard.errors import FIRST_ROWS, FoldsInvalid

FOLD_COLUMN = "fold"


def read_folds(source: Source, ids: Ids, id_column: str) -> Folds:
    """Return the fold of each train id, int64 (n,), numbered 0 to K - 1 with K at least 2.

    source: a file with the columns fold and id (or the competition's id column); other columns are left alone.
    Raises FoldsInvalid that names how many ids are missing, unknown or repeated and the first five, or the fold numbers that do not fit.
    """
    train_ids = as_ids(ids)
    table = table_from(source).bind(id_column, [FOLD_COLUMN])
    column = next((name for name in (id_column, "id") if name in table.columns), None)
    if column is None or FOLD_COLUMN not in table.columns:
        raise FoldsInvalid(f"expected the columns {id_column} and {FOLD_COLUMN}, got {', '.join(map(repr, table.columns[:20]))}")
    listed, folds = _read_columns(table, column)
    target = Target(train_ids, np.arange(len(train_ids)), "train ids")
    places = find_places(listed, target)
    errors = check_places(listed, places, target, "error")
    if errors:
        detail = "; ".join(error.detail.removesuffix("; repeats=mean averages them") for error in errors)
        raise FoldsInvalid(detail, errors[0].rows, errors[0].count)
    _check_numbers(folds)
    aligned = np.empty(len(train_ids), np.int64)
    aligned[places] = folds
    return aligned


def _read_columns(table: Table, column: str) -> tuple[pl.Series, Folds]:
    parsed = parse_numbers(table, [column], [FOLD_COLUMN])
    ids, numbers = parsed.texts[column], parsed.numbers[:, 0]
    bad = np.flatnonzero(parsed.bad[:, 0] | ~(np.isfinite(numbers) & (numbers == np.rint(numbers)) & (np.abs(numbers) < 2**31)))
    if len(bad):
        fields = table.select_texts([FOLD_COLUMN])[FOLD_COLUMN]
        rows = [row_of(int(row) + 1, ids[int(row)], FOLD_COLUMN, fields[int(row)]) for row in bad[:FIRST_ROWS]]
        detail = f"expected whole fold numbers, got {rows[0]['value']!r} in row {rows[0]['row']}; {len(bad)} such rows"
        raise FoldsInvalid(detail, rows, len(bad))
    return ids, numbers.astype(np.int64)


def _check_numbers(folds: Folds) -> None:
    found = np.unique(folds)
    if len(found) < 2 or not np.array_equal(found, np.arange(len(found))):
        shown = ", ".join(map(str, found[:12])) + (", …" if len(found) > 12 else "")
        raise FoldsInvalid(f"expected folds numbered 0 to K - 1 without a gap, two or more, got {shown}")
