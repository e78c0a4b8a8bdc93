"""Further numbers an id (sizes, hand-made measures), for nets that take them before their head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.errors import DataInvalid
from pipelines.tables import read_columns, shown

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Features:
    """Numbers by row, standardised over the train rows."""

    names: tuple[str, ...]
    train: Floats
    """float32 (n, columns)."""
    test: Floats


def read_features(path: Path, id_column: str, train_ids: Sequence[str], test_ids: Sequence[str]) -> Features:
    """Return all columns beside the id's, each with mean 0 and deviation 1 over the train rows (all 0 where it is constant).

    Raises DataInvalid: ids missing or repeated, fields that are no finite number.
    """
    columns = read_columns(path)
    if id_column not in columns or len(columns) == 1:
        raise DataInvalid(f"expected a column {id_column!r} and others in {path}, got {', '.join(columns)}")
    ids = columns.pop(id_column)
    places = {name: row for row, name in enumerate(ids)}
    if len(places) != len(ids):
        raise DataInvalid(f"expected each id once in {path}, got {len(ids) - len(places)} again")
    missing = [name for name in (*train_ids, *test_ids) if name not in places]
    if missing:
        raise DataInvalid(f"expected every train and test id in {path}, got none for {shown(missing)}")
    grid = np.column_stack([_numbers(path, ids, name, fields) for name, fields in columns.items()])
    train, test = (grid[[places[name] for name in wanted]] for wanted in (list(train_ids), list(test_ids)))
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    scale = np.where(deviation > 0, deviation, np.inf)
    return Features(tuple(columns), ((train - mean) / scale).astype(np.float32), ((test - mean) / scale).astype(np.float32))


def _numbers(path: Path, ids: Sequence[str], name: str, fields: Sequence[str]) -> npt.NDArray[np.float64]:
    try:
        values = np.array(fields, dtype=np.float64)
    except ValueError as error:
        raise DataInvalid(f"expected numbers in column {name!r} of {path}, got: {error}") from error
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataInvalid(f"expected finite numbers in column {name!r} of {path}, got {fields[bad[0]]!r} for id {ids[bad[0]]!r}")
    return values
