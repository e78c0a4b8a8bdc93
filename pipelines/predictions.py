"""Predictions as the team's contract wants them: judged by its rules before they are written, and whenever they are read.

The rules are the server's (`stackyard.contract`), said once more in numpy, so that a bare machine can judge; a test holds both to the same
judgement, code by code.
"""

from __future__ import annotations

import io
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.arrays import read_arrays, texts
from pipelines.data_spec import MULTICLASS, REGRESSION, SINGLE
from pipelines.errors import PredictionInvalid
from pipelines.tables import shown

Values = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
ROW_SUM_TOLERANCE = 1e-3
# 0.999 is written as 0.999 and summed as a little less: the tolerance itself is still within.
SUM_SLACK = 1e-9
LARGEST = float(np.finfo(np.float32).max)
ARRAYS = ("ids", "columns", "predictions")


@dataclass(frozen=True)
class Fault:
    """One way in which predictions do not keep the contract."""

    code: str
    """The server's name for it, such as RowSumWrong."""
    detail: str


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one model says of some ids."""

    ids: tuple[str, ...]
    columns: tuple[str, ...]
    """Classes; one for binary and regression."""
    values: Floats
    """float32, (n,) for one column of a task that has one, else (n, columns); probabilities unless regression."""

    def rows(self, ids: Sequence[str]) -> Floats:
        """Return the values of these ids in their order; raise PredictionInvalid for one that is absent."""
        places = {name: row for row, name in enumerate(self.ids)}
        missing = [name for name in ids if name not in places]
        if missing:
            raise PredictionInvalid(f"expected predictions for all of {len(ids)} ids, got none for {shown(missing)}")
        return self.values[[places[name] for name in ids]]


@dataclass(frozen=True)
class Form:
    """What predictions must hold: these ids, these columns, values that fit the task."""

    task: str
    ids: tuple[str, ...]
    columns: tuple[str, ...]

    def faults(self, ids: Sequence[str], columns: Sequence[str], values: npt.ArrayLike) -> list[Fault]:
        """Return every independent fault: of shape, else of columns, of ids, of values."""
        grid = np.asarray(values)
        grid = grid[:, None] if grid.ndim == 1 else grid
        if grid.shape != (len(ids), len(columns)):
            return [Fault("WrongShape", f"expected an array of {len(ids)} rows x {len(columns)} columns, got shape {np.shape(values)}")]
        if len(set(columns)) != len(columns):
            return [Fault("DuplicateColumns", f"expected each column once, got {', '.join(columns)}")]
        known = [place for place, name in enumerate(columns) if name in self.columns]
        return [*self._columns(columns), *self._ids(ids), *self._values(ids, grid[:, known])]

    def check(self, ids: Sequence[str], columns: Sequence[str], values: npt.ArrayLike) -> Predictions:
        """Return the predictions in the order of the form's ids and columns; raise PredictionInvalid that tells all faults."""
        faults = self.faults(ids, columns, values)
        if faults:
            raise PredictionInvalid("; ".join(f"{fault.code}: {fault.detail}" for fault in faults))
        grid = np.asarray(values, np.float32).reshape(len(ids), len(columns))
        places = {name: row for row, name in enumerate(ids)}
        grid = grid[[places[name] for name in self.ids]][:, [list(columns).index(name) for name in self.columns]]
        return Predictions(self.ids, self.columns, np.ascontiguousarray(grid[:, 0] if self.task in SINGLE else grid))

    def _columns(self, columns: Sequence[str]) -> Iterable[Fault]:
        missing = [name for name in self.columns if name not in columns]
        if missing:
            yield Fault("MissingColumns", f"expected the columns {', '.join(self.columns)}, got none named {shown(missing)}")
        unknown = [name for name in columns if name not in self.columns]
        if unknown:
            yield Fault("UnknownColumns", f"expected the columns {', '.join(self.columns)}, got also {shown(unknown)}")

    def _ids(self, ids: Sequence[str]) -> Iterable[Fault]:
        counts, wanted = Counter(ids), set(self.ids)
        missing = [name for name in self.ids if name not in counts]
        if missing:
            yield Fault("MissingIds", f"expected all {len(self.ids)} ids, got none of {shown(missing)}")
        unknown = [name for name in ids if name not in wanted]
        if unknown:
            yield Fault("UnknownIds", f"expected only the {len(self.ids)} ids, got also {shown(unknown)}")
        again = [name for name, count in counts.items() if count > 1 and name in wanted]
        if again:
            yield Fault("DuplicateIds", f"expected one row an id, got {shown(again)} on more than one")

    def _values(self, ids: Sequence[str], grid: Values) -> Iterable[Fault]:
        if grid.size and grid.dtype.kind not in "biuf":
            yield Fault("NotANumber", f"expected numbers, got {grid.dtype}")
            return
        low, high = (-LARGEST, LARGEST) if self.task == REGRESSION else (0.0, 1.0)
        finite = np.isfinite(grid)
        inside = finite & (grid >= low) & (grid <= high)
        if not finite.all():
            yield Fault("NotFinite", f"expected finite numbers, got {_first(ids, grid, ~finite)}")
        if (finite & ~inside).any():
            yield Fault("OutOfRange", f"expected values from {low:.6g} to {high:.6g}, got {_first(ids, grid, finite & ~inside)}")
        if self.task == MULTICLASS and grid.shape[1] == len(self.columns):
            sums = np.where(inside, grid, 0).sum(axis=1, dtype=np.float64)
            wrong = inside.all(axis=1) & (np.abs(sums - 1) > ROW_SUM_TOLERANCE + SUM_SLACK)
            if wrong.any():
                said = _first(ids, sums[:, None], wrong[:, None])
                yield Fault("RowSumWrong", f"expected rows that sum to 1 within {ROW_SUM_TOLERANCE:g}, got {said}")


def _first(ids: Sequence[str], grid: Values, bad: npt.NDArray[np.bool_]) -> str:
    row, column = np.argwhere(bad)[0]
    others = f", and {int(bad.sum()) - 1} more" if bad.sum() > 1 else ""
    return f"{grid[row, column]:.6g} for id {ids[row]!r}{others}"


def write_predictions(path: str | Path, predictions: Predictions, form: Form) -> None:
    """Judge predictions, then write them as .npz: arrays ids, columns, predictions, as `stackyard upload --oof` takes them.

    The same predictions make the same bytes. A file is either there as a whole or not at all.
    Raises PredictionInvalid before anything is written.
    """
    checked = form.check(predictions.ids, predictions.columns, predictions.values)
    buffer = io.BytesIO()
    np.savez(buffer, ids=np.array(checked.ids, np.str_), columns=np.array(checked.columns, np.str_), predictions=checked.values)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    part.write_bytes(buffer.getvalue())
    part.replace(path)


def read_predictions(path: str | Path) -> Predictions:
    """Return what `write_predictions` wrote (or anyone who keeps its arrays); raise PredictionInvalid where it is something else.

    Values are not judged here: `Form.check` does, once it is known what they must hold.
    """
    arrays = read_arrays(Path(path), PredictionInvalid, ARRAYS)
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        raise PredictionInvalid(f"expected the arrays {', '.join(ARRAYS)} in {path}, got none named {', '.join(missing)}")
    ids, columns, values = (arrays[name] for name in ARRAYS)
    names = tuple(texts(np.atleast_1d(columns)))
    if ids.ndim != 1 or values.shape not in {(len(ids), len(names)), (len(ids),)}:
        raise PredictionInvalid(f"expected {len(ids)} rows x {len(names)} columns in {path}, got shape {values.shape}")
    if values.dtype.kind not in "biuf":
        raise PredictionInvalid(f"expected numbers in {path}, got {values.dtype}")
    return Predictions(tuple(texts(ids)), names, np.asarray(values, np.float32))
