"""A competition's label file: train ids in their order, and the truth in the form that metrics take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from stackyard.contract.aligning import row_of
from stackyard.contract.cells import Parsed, check_values, parse_numbers
from stackyard.contract.contract import BINARY, MULTICLASS, REGRESSION
from stackyard.contract.reading import read_table
from stackyard.contract.spec import Spec
from stackyard.contract.tables import Table
from stackyard.contract.tags import split_tags
from stackyard.errors import FIRST_ROWS, LabelsInvalid

Truth = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Labels:
    """What the label file says."""

    ids: pl.Series
    truth: Truth
    """binary int64 (n,) of 0 and 1; multiclass int64 (n,) of class indices; multilabel bool (n, L); regression float64 (n,)."""
    classes: tuple[str, ...]
    """Columns of a prediction; one for binary and regression."""
    names: tuple[str, ...] = ()
    """What label 0, 1, … is called in the file (binary and multiclass): what a submission of labels writes."""
    groups: npt.NDArray[np.int64] | None = None
    """Rows with the same number belong to one group, and must share a fold."""

    @property
    def has_empty_rows(self) -> bool:
        """Whether some multi-label row has no label at all."""
        return self.truth.ndim == 2 and not bool(self.truth.any(axis=1).all())

    def truth_for(self, classes: Sequence[str]) -> Truth:
        """Return the truth with the classes in another order; raise LabelsInvalid where they are not the same classes.

        One column has no order, only a name.
        """
        if self.truth.ndim == 1 and len(self.classes) == 1 == len(classes):
            return self.truth
        if sorted(classes) != sorted(self.classes):
            raise LabelsInvalid(f"expected the classes {', '.join(self.classes)} in any order, got {', '.join(classes)}")
        order = [self.classes.index(name) for name in classes]
        return np.ascontiguousarray(self.truth[:, order] if self.truth.ndim == 2 else np.argsort(order)[self.truth])


def sort_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return class names sorted: by value where all are whole numbers (grades up to 10 keep their order), else as text.

    >>> sort_names(["10", "9", "1"]), sort_names(["b", "a", "10"])
    (('1', '9', '10'), ('10', 'a', 'b'))
    """
    listed = list(names)
    whole = all(name.removeprefix("-").isdecimal() for name in listed)
    return tuple(sorted(listed, key=lambda name: (int(name), name))) if whole else tuple(sorted(listed))


def read_labels(path: str | Path, spec: Spec) -> Labels:
    """Read the label file by the specification; columns that it does not name are left alone.

    Classes come in the specification's order, else sorted (sort_names), else as label_columns says; binary and regression have one column,
    named as the label column until the sample submission names it.
    Raises LabelsInvalid (columns absent, no rows, ids empty or repeated, labels of the wrong kind), and the errors of reading.
    """
    table = read_table(path).bind(spec.id_column, ())
    wanted = [spec.id_column, *_label_names(spec), *([spec.folds.group_column] if spec.folds.group_column else [])]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise LabelsInvalid(f"expected the columns {', '.join(wanted)}, got none named {', '.join(map(repr, missing))}")
    ids = table.select_texts([spec.id_column])[spec.id_column].alias("id")
    _check_ids(ids)
    labels = _READERS[_kind(spec)](table, spec, ids)
    return replace(labels, groups=_read_groups(table, spec.folds.group_column, ids)) if spec.folds.group_column else labels


def _read_groups(table: Table, column: str, ids: pl.Series) -> npt.NDArray[np.int64]:
    fields = table.select_texts([column])[column]
    _refuse(fields == "", ids, fields, "a group in each row")
    return _codes(fields, fields.unique(maintain_order=True).to_list())


def _label_names(spec: Spec) -> list[str]:
    return list(spec.label_columns or (spec.label_column or spec.tags_column or "",))


def _kind(spec: Spec) -> str:
    if spec.tags_column:
        return "tags"
    return "columns" if spec.label_columns else spec.task


def _check_ids(ids: pl.Series) -> None:
    if not len(ids):
        raise LabelsInvalid("expected labelled rows, got none")
    _refuse(ids == "", ids, ids, "an id in each row")
    _refuse(~ids.is_first_distinct(), ids, ids, "each id once")


def _refuse(bad: pl.Series, ids: pl.Series, fields: pl.Series, expected: str) -> None:
    """Raise LabelsInvalid that names the marked rows, if any."""
    if not bad.any():
        return
    rows = np.flatnonzero(bad.to_numpy())
    named = [row_of(int(row) + 1, ids[int(row)], fields.name, fields[int(row)]) for row in rows[:FIRST_ROWS]]
    first = named[0]
    detail = f"expected {expected}, got {first['value']!r} in row {first['row']} (id {first['id']!r}); {len(rows)} such rows"
    raise LabelsInvalid(detail, named, len(rows))


def _read_binary(table: Table, spec: Spec, ids: pl.Series) -> Labels:
    column, fields = _read_fields(table, spec, ids)
    names = sort_names(fields.unique().to_list())
    if len(names) != 2:
        raise LabelsInvalid(f"expected two different values in {column!r}, got {len(names)}: {', '.join(map(repr, names[:10]))}")
    if spec.positive is not None and spec.positive not in names:
        raise LabelsInvalid(f"expected the positive value {spec.positive!r} in {column!r}, got {' and '.join(map(repr, names))}")
    if spec.positive == names[0]:
        names = (names[1], names[0])
    return Labels(ids, _codes(fields, names), (column,), names)


def _read_multiclass(table: Table, spec: Spec, ids: pl.Series) -> Labels:
    column, fields = _read_fields(table, spec, ids)
    classes = spec.classes or sort_names(fields.unique().to_list())
    if len(classes) < 2:
        raise LabelsInvalid(f"expected two classes or more in {column!r}, got {classes[0]!r} only")
    _refuse(~fields.is_in(list(classes)), ids, fields, "only classes that the specification names")
    return Labels(ids, _codes(fields, classes), classes, classes)


def _read_fields(table: Table, spec: Spec, ids: pl.Series) -> tuple[str, pl.Series]:
    column = str(spec.label_column)
    fields = table.select_texts([column])[column]
    _refuse(fields == "", ids, fields, "a label in each row")
    return column, fields


def _codes(fields: pl.Series, names: Sequence[str]) -> npt.NDArray[np.int64]:
    return fields.replace_strict(list(names), np.arange(len(names)), return_dtype=pl.Int64).to_numpy()


def _read_regression(table: Table, spec: Spec, ids: pl.Series) -> Labels:
    column = str(spec.label_column)
    parsed = _read_numbers(table, [column], ids)
    return Labels(ids, parsed.numbers[:, 0].copy(), (column,))


def _read_numbers(table: Table, columns: Sequence[str], ids: pl.Series) -> Parsed:
    parsed = parse_numbers(table, [], columns)
    errors = check_values(parsed, ids, columns, None)
    if errors:
        raise LabelsInvalid(errors[0].detail, errors[0].rows, errors[0].count)
    return parsed


def _read_tags(table: Table, spec: Spec, ids: pl.Series) -> Labels:
    fields = table.select_texts([str(spec.tags_column)])[str(spec.tags_column)]
    distinct, codes = split_tags(fields)
    found = {name for names in distinct for name in names}
    classes = spec.classes or sort_names(found)
    if not found:
        raise LabelsInvalid(f"expected tags separated by spaces in {spec.tags_column!r}, got empty fields only")
    unknown = [code for code, names in enumerate(distinct) if not set(names) <= set(classes)]
    _refuse(pl.Series(np.isin(codes, unknown)), ids, fields, "only classes that the specification names")
    table_of_bits = np.zeros((len(distinct), len(classes)), np.bool_)
    for code, names in enumerate(distinct):
        table_of_bits[code, [classes.index(name) for name in names]] = True
    return Labels(ids, table_of_bits[codes], classes)


def _read_columns(table: Table, spec: Spec, ids: pl.Series) -> Labels:
    columns = spec.classes or spec.label_columns or ()
    numbers = _read_numbers(table, columns, ids).numbers
    for place, name in enumerate(columns):
        values = pl.Series(name, numbers[:, place])
        _refuse(~values.is_in([0.0, 1.0]), ids, values, f"0 or 1 in {name!r}")
    return Labels(ids, np.ascontiguousarray(numbers, dtype=np.bool_), tuple(columns))


_READERS: dict[str, Callable[[Table, Spec, pl.Series], Labels]] = {
    BINARY: _read_binary,
    MULTICLASS: _read_multiclass,
    REGRESSION: _read_regression,
    "tags": _read_tags,
    "columns": _read_columns,
}
"""Kind of label -> what reads it."""
