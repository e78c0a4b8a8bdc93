"""From a file's rows to the contract's: which ids are missing, unknown or repeated, and each row's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from stackyard.contract.contract import MULTICLASS, Contract, Rows
from stackyard.contract.report import Aligned, Report
from stackyard.errors import FIRST_ROWS, DuplicateIds, InvalidRequest, MissingIds, StackyardError, UnknownIds

Numbers = npt.NDArray[np.float64]
REPEATS = ("error", "mean")
# Below this a row's sum is off by the digits that were written, not by the model; it is rescaled all the same, but not worth a note.
NOTED_SUM_ERROR = 1e-6


@dataclass(frozen=True, eq=False)
class Target:
    """The rows that a file must hold."""

    ids: pl.Series
    rows: Rows
    """Their positions among all train (or test) ids."""
    name: str
    """Such as "train ids of fold 3"."""
    others: Mapping[str, pl.Series] = field(default_factory=dict)
    """Ids that a file may hold by mistake, so that the error can say what they are."""


@dataclass(frozen=True, eq=False)
class Cells:
    """What was read of a file: ids as they came (None without an id column), and numbers, one row a data row of the file."""

    ids: pl.Series | None
    numbers: Numbers
    header_errors: Sequence[StackyardError] = ()
    value_errors: Sequence[StackyardError] = ()
    notes: tuple[str, ...] = ()


def train_target(contract: Contract, fold: int | None = None) -> Target:
    """Return all train rows, or one fold's in contract order; raise UnknownFold."""
    if fold is None:
        return Target(contract.train_ids, np.arange(len(contract.train_ids)), "train ids", {"test ids": contract.test_ids})
    rows = contract.fold_rows(fold)
    others = {"train ids of other folds": contract.train_ids, "test ids": contract.test_ids}
    return Target(contract.train_ids.gather(rows), rows, f"train ids of fold {fold}", others)


def test_target(contract: Contract) -> Target:
    """Return all test rows."""
    return Target(contract.test_ids, np.arange(len(contract.test_ids)), "test ids", {"train ids": contract.train_ids})


test_target.__test__ = False  # type: ignore[attr-defined]  # pytest collects by name


def row_of(row: int | None, name: str | None, column: str | None = None, value: Any = None) -> dict[str, Any]:
    """Return one row to blame; row counts a file's data rows from 1."""
    return {"row": row, "id": name, "column": column, "value": value}


def find_places(ids: pl.Series, target: Target) -> Rows:
    """Return each row's place among the target's ids, -1 for an unknown id."""
    if len(ids) == len(target.ids) and bool((ids == target.ids).all()):
        return np.arange(len(ids))
    places = pl.DataFrame({"id": target.ids, "place": np.arange(len(target.ids), dtype=np.int64)})
    joined = ids.alias("id").to_frame().join(places, on="id", how="left", maintain_order="left")
    return joined["place"].fill_null(-1).to_numpy()


def check_places(ids: pl.Series, places: Rows, target: Target, repeats: str) -> list[StackyardError]:
    """Return MissingIds, UnknownIds and (unless they are to be averaged) DuplicateIds, each with its exact count and first five."""
    counts = np.bincount(places[places >= 0], minlength=len(target.ids))
    errors: list[StackyardError] = []
    if (counts == 0).any():
        errors.append(_missing(target, np.flatnonzero(counts == 0)))
    if (places < 0).any():
        errors.append(_unknown(ids, target, np.flatnonzero(places < 0)))
    if (counts > 1).any() and repeats == "error":
        errors.append(_duplicate(ids, places, counts))
    return errors


def _missing(target: Target, absent: Rows) -> MissingIds:
    names = target.ids.gather(absent[:FIRST_ROWS]).to_list()
    detail = (
        f"expected all {len(target.ids)} {target.name}, got {len(target.ids) - len(absent)} of them, without {_shown(names, len(absent))}"
    )
    return MissingIds(detail, [row_of(None, name) for name in names], len(absent))


def _unknown(ids: pl.Series, target: Target, rows: Rows) -> UnknownIds:
    unknown = ids.gather(rows)
    names = unknown.head(FIRST_ROWS).to_list()
    hints = [f"{count} of them {name}" for name, others in target.others.items() if (count := int(unknown.is_in(others.implode()).sum()))]
    hint = f" ({'; '.join(hints)})" if hints else ""
    detail = f"expected only the {len(target.ids)} {target.name}, got also {_shown(names, len(rows))}{hint}"
    return UnknownIds(detail, [row_of(int(row) + 1, name) for row, name in zip(rows, names, strict=False)], len(rows))


def _duplicate(ids: pl.Series, places: Rows, counts: Rows) -> DuplicateIds:
    """Blame the second row of each repeated id."""
    repeated = np.flatnonzero(counts[places] * (places >= 0) > 1)
    order = repeated[np.argsort(places[repeated], kind="stable")]
    sorted_places = places[order]
    begins = np.flatnonzero(np.r_[True, sorted_places[1:] != sorted_places[:-1]])
    seconds = np.sort(order[begins + 1])
    names = ids.gather(seconds[:FIRST_ROWS]).to_list()
    detail = (
        f"expected one row an id, got {_shown(names, len(seconds))} on more than one ({len(repeated) - len(seconds)} rows too many); "
        "repeats=mean averages them"
    )
    return DuplicateIds(detail, [row_of(int(row) + 1, name) for row, name in zip(seconds, names, strict=False)], len(seconds))


def _shown(names: list[str], count: int) -> str:
    listed = ", ".join(map(repr, names))
    return listed if count <= len(names) else f"{listed} and {count - len(names)} more"


def settle(cells: Cells, contract: Contract, target: Target, repeats: str) -> Report:
    """Return the report: all errors, of ids first, or the values in the target's order.

    Raises InvalidRequest for an unknown way with repeats.
    """
    if repeats not in REPEATS:
        raise InvalidRequest(f"expected repeats among {', '.join(REPEATS)}, got {repeats!r}")
    places = np.empty(0, np.int64)
    id_errors: list[StackyardError] = []
    if cells.ids is not None:
        places = find_places(cells.ids, target)
        id_errors = check_places(cells.ids, places, target, repeats)
    errors = [*cells.header_errors, *id_errors, *cells.value_errors]
    if errors:
        return Report(errors, list(cells.notes))
    values, notes = place_values(cells.numbers, places, len(target.ids))
    if contract.task == MULTICLASS:
        values, sum_notes = scale_rows(values)
        notes += sum_notes
    single = np.ascontiguousarray(values[:, 0] if contract.single_column else values, dtype=np.float32)
    notes = (*cells.notes, *notes)
    return Report([], list(notes), Aligned(single, target.rows, notes))


def place_values(numbers: Numbers, places: Rows, count: int) -> tuple[Numbers, tuple[str, ...]]:
    """Return numbers (rows, columns) in order of place (count, columns); several rows a place are averaged, and noted.

    The mean is summed in order of value: the order of rows in a file never shows in the result.

    >>> place_values(np.array([[0.0], [1.0], [0.5]]), np.array([1, 0, 1]), 2)[0].ravel().tolist()
    [1.0, 0.25]
    """
    if len(places) == count:
        placed = np.empty(numbers.shape)
        placed[places] = numbers
        return placed, ()
    sizes = np.bincount(places, minlength=count)
    begins = np.r_[0, np.cumsum(sizes)[:-1]]
    means = np.empty((count, numbers.shape[1]))
    for column, values in enumerate(numbers.T):
        ordered = values[np.lexsort((values, places))]
        means[:, column] = np.add.reduceat(ordered, begins) / sizes
    low, high = int(sizes.min()), int(sizes.max())
    return means, (f"averaged {low if low == high else f'{low} to {high}'} rows an id",)


def scale_rows(values: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """Return rows that sum to 1, and a note on how many did not by more than the digits written.

    >>> scale_rows(np.array([[0.5, 0.4995]]))[1]
    ('renormalised 1 row',)
    """
    sums = values.sum(axis=1)
    count = int(np.count_nonzero(np.abs(sums - 1.0) > NOTED_SUM_ERROR))
    return values / sums[:, None], (f"renormalised {count} row{'s' if count > 1 else ''}",) if count else ()
