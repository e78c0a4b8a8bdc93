"""The truth of the train ids, in the form that losses take, and the classes in the order of the contract's columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.data_spec import BINARY, MULTICLASS, REGRESSION, DataSpec
from pipelines.errors import DataInvalid, LabelUnknown
from pipelines.nearest import hint
from pipelines.tables import read_columns, refuse_repeats, shown

Truth = npt.NDArray[Any]
_Read = tuple[Truth, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Labels:
    """What the label file and the sample submission say."""

    train_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    truth: Truth
    """binary bool (n,); multiclass int64 (n,) of class places; multilabel bool (n, L); regression float64 (n,)."""
    classes: tuple[str, ...]
    """Columns of a prediction; one for binary and regression."""


@dataclass(frozen=True)
class _Raw:
    """What the files hold, before anything is made of it."""

    spec: DataSpec
    ids: list[str]
    columns: dict[str, list[str]]
    sample: tuple[str, ...]
    """Columns of the sample submission beside the id's."""

    def blame(self, bad: npt.NDArray[np.int64], values: Sequence[str]) -> str:
        """Return the first bad value and its id, and how many more there are."""
        others = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        return f"got {values[bad[0]]!r} for id {self.ids[bad[0]]!r} in {self.spec.labels}{others}"


def read_labels(spec: DataSpec) -> Labels:
    """Return ids, truth and classes: in the order that data.toml says, else the sample submission's, else sorted.

    Binary and regression have one column, named as the sample's, else as the label column.
    Raises DataInvalid (ids empty or repeated, fields of the wrong kind), LabelUnknown.
    """
    wanted = [spec.id_column, *(spec.label_columns or (spec.label_column or spec.tags_column,))]
    columns = read_columns(spec.folder / spec.labels, wanted)
    ids = columns.pop(spec.id_column)
    refuse_repeats(ids, spec.labels)
    sample = read_columns(spec.folder / spec.sample_submission) if spec.sample_submission else {}
    test_ids = _test_ids(spec, sample)
    raw = _Raw(spec, ids, columns, tuple(name for name in sample if name != spec.id_column))
    truth, classes = _READERS[_kind(spec)](raw)
    return Labels(tuple(ids), test_ids, truth, classes)


def _test_ids(spec: DataSpec, sample: dict[str, list[str]]) -> tuple[str, ...]:
    if not spec.sample_submission:
        return ()
    if spec.id_column not in sample:
        raise DataInvalid(f"expected a column {spec.id_column!r} in {spec.sample_submission}, got {', '.join(sample)}")
    refuse_repeats(sample[spec.id_column], spec.sample_submission)
    return tuple(sample[spec.id_column])


def _kind(spec: DataSpec) -> str:
    if spec.tags_column:
        return "tags"
    return "columns" if spec.label_columns else spec.task


def sort_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return class names sorted: by value where all are whole numbers (grades up to 10 keep their order), else as text.

    >>> sort_names(["10", "9", "1"]), sort_names(["b", "a", "10"])
    (('1', '9', '10'), ('10', 'a', 'b'))
    """
    whole = all(name.removeprefix("-").isdecimal() for name in names)
    return tuple(sorted(names, key=lambda name: (int(name), name))) if whole else tuple(sorted(names))


def _order(raw: _Raw, found: set[str]) -> tuple[str, ...]:
    return raw.spec.classes or (raw.sample if set(raw.sample) == found else sort_names(list(found)))


def _single(raw: _Raw) -> tuple[str, ...]:
    if raw.sample and len(raw.sample) != 1:
        columns = f"{raw.spec.sample_submission} of a {raw.spec.task} task"
        raise DataInvalid(f"expected one column beside the id in {columns}, got {', '.join(raw.sample)}")
    return raw.sample or (raw.spec.label_column,)


def _refuse_unknown(raw: _Raw, bad: npt.NDArray[np.int64], values: Sequence[str], classes: Sequence[str]) -> None:
    if len(bad):
        raise LabelUnknown(f"expected only the {len(classes)} classes, {raw.blame(bad, values)}{hint(values[bad[0]], classes)}")


def _read_binary(raw: _Raw) -> _Read:
    fields, positive = raw.columns[raw.spec.label_column], raw.spec.positive
    names = sort_names(list(set(fields)))
    if len(names) != 2 or (positive and positive not in names):
        wanted = f"two different labels, one of them {positive!r}," if positive else "two different labels"
        raise DataInvalid(f"expected {wanted} in {raw.spec.labels}, got {shown(names)}")
    return np.array([value == (positive or names[1]) for value in fields]), _single(raw)


def _read_multiclass(raw: _Raw) -> _Read:
    fields = raw.columns[raw.spec.label_column]
    classes = _order(raw, set(fields) - {""})
    if len(classes) < 2:
        raise DataInvalid(f"expected two classes or more in {raw.spec.labels}, got {shown(classes)}")
    places = {name: place for place, name in enumerate(classes)}
    codes = np.array([places.get(value, -1) for value in fields], np.int64)
    _refuse_unknown(raw, np.flatnonzero(codes < 0), fields, classes)
    return codes, classes


def _read_regression(raw: _Raw) -> _Read:
    return _numbers(raw, raw.spec.label_column), _single(raw)


def _numbers(raw: _Raw, column: str) -> npt.NDArray[np.float64]:
    fields = raw.columns[column]
    values = np.array([_number(value) for value in fields])
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataInvalid(f"expected finite numbers, {raw.blame(bad, fields)}")
    return values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _read_tags(raw: _Raw) -> _Read:
    rows = [field.split() for field in raw.columns[raw.spec.tags_column]]
    found = {name for names in rows for name in names}
    if not found:
        raise DataInvalid(f"expected tags separated by spaces in {raw.spec.labels}, got empty fields only")
    classes = _order(raw, found)
    places = {name: place for place, name in enumerate(classes)}
    unknown = [next((name for name in names if name not in places), "") for names in rows]
    _refuse_unknown(raw, np.flatnonzero(np.array(unknown) != ""), unknown, classes)
    truth = np.zeros((len(rows), len(classes)), np.bool_)
    for row, names in enumerate(rows):
        truth[row, [places[name] for name in names]] = True
    return truth, classes


def _read_columns(raw: _Raw) -> _Read:
    names = raw.spec.label_columns
    classes = raw.spec.classes or (raw.sample if set(raw.sample) == set(names) else names)
    if set(classes) != set(names):
        raise DataInvalid(f"expected classes to be the label_columns in another order, got {', '.join(classes)}")
    numbers = np.column_stack([_numbers(raw, name) for name in classes])
    row, column = np.nonzero(~np.isin(numbers, (0.0, 1.0)))
    if len(row):
        raise LabelUnknown(f"expected 0 or 1 in {classes[column[0]]!r}, {raw.blame(row, raw.columns[classes[column[0]]])}")
    return numbers.astype(np.bool_), classes


_READERS: dict[str, Callable[[_Raw], _Read]] = {
    BINARY: _read_binary,
    MULTICLASS: _read_multiclass,
    REGRESSION: _read_regression,
    "tags": _read_tags,
    "columns": _read_columns,
}
"""Kind of labels -> what reads them."""
