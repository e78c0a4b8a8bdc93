"""The sample submission: test ids, their order, and the columns that a submission must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from stackyard.contract.aligning import row_of
from stackyard.contract.contract import BINARY, MULTILABEL, REGRESSION, Ids, as_ids
from stackyard.contract.label_files import Labels
from stackyard.contract.reading import read_table
from stackyard.contract.spec import LABEL_METRICS, Spec
from stackyard.errors import FIRST_ROWS, SpecInvalid

PROBABILITIES, TAGS, LABELS, VALUES = KINDS = ("probabilities", "tags", "labels", "values")


@dataclass(frozen=True, eq=False)
class Sample:
    """The form of a submission, and the class columns of a prediction that follow from it."""

    test_ids: pl.Series
    header: tuple[str, ...]
    """All columns in their order."""
    id_column: str
    kind: str
    """probabilities | tags | labels | values."""
    classes: tuple[str, ...]
    """The contract's classes: the specification's order, else the sample's where it names them, else the labels'."""
    label_names: tuple[str, ...] = ()
    """What label 0, 1, … is called where labels are submitted (binary and multiclass)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Output columns in their order, without the id column."""
        return tuple(name for name in self.header if name != self.id_column)

    def as_json(self) -> dict[str, Any]:
        """Return all but the test ids, which the contract holds."""
        named = {"kind": self.kind, "id_column": self.id_column}
        return {**named, **{name: list(getattr(self, name)) for name in ("header", "columns", "classes", "label_names")}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], test_ids: Ids) -> Sample:
        """Build a sample from as_json() and the contract's test ids."""
        names = {name: tuple(document[name]) for name in ("header", "classes", "label_names")}
        return cls(test_ids=as_ids(test_ids), id_column=document["id_column"], kind=document["kind"], **names)


def read_sample(path: str | Path, spec: Spec, labels: Labels) -> Sample:
    """Read the sample submission; its values are not looked at.

    Kind: a tag column for a multi-label task is "tags"; one column for a multi-class task, and 0/1 columns where the metric judges labels,
    are "labels"; a regression's column is "values"; all else "probabilities".
    Raises SpecInvalid where the columns do not fit the task and classes, or where test ids are absent or repeated.
    """
    table = read_table(path).bind(spec.id_column, ())
    if spec.id_column not in table.columns:
        raise SpecInvalid(f"expected the id column {spec.id_column!r} in the sample submission, got {', '.join(table.columns[:20])}")
    columns = tuple(name for name in table.columns if name != spec.id_column)
    kind = _find_kind(columns, spec, labels.classes)
    ids = table.select_texts([spec.id_column])[spec.id_column].alias("id")
    _check_ids(ids)
    classes = _settle_classes(columns, spec, labels.classes)
    # an index into labels follows the order of classes; a binary label's 0 and 1 do not
    names = labels.names if spec.task == BINARY else classes if labels.names else ()
    return Sample(ids, table.columns, spec.id_column, kind, classes, names)


def _settle_classes(columns: tuple[str, ...], spec: Spec, classes: tuple[str, ...]) -> tuple[str, ...]:
    if spec.task in {BINARY, REGRESSION}:
        return columns
    return columns if spec.classes is None and set(columns) == set(classes) else classes


def _find_kind(columns: tuple[str, ...], spec: Spec, classes: Sequence[str]) -> str:
    if spec.task in {BINARY, REGRESSION}:
        if len(columns) != 1:
            raise SpecInvalid(
                f"expected one column beside the id in the sample submission of a {spec.task} task, got {', '.join(columns) or 'none'}"
            )
        if spec.task == REGRESSION:
            return VALUES
        return LABELS if spec.metric in LABEL_METRICS else PROBABILITIES
    if set(columns) == set(classes):
        return LABELS if spec.task == MULTILABEL and spec.metric in LABEL_METRICS else PROBABILITIES
    if len(columns) == 1:
        return TAGS if spec.task == MULTILABEL else LABELS
    missing, unknown = sorted(set(classes) - set(columns)), sorted(set(columns) - set(classes))
    parts = [f"{what} {', '.join(names[:FIRST_ROWS])}" for what, names in (("without", missing), ("with", unknown)) if names]
    raise SpecInvalid(f"expected the {len(classes)} classes (or one column) in the sample submission, got columns {' and '.join(parts)}")


def _check_ids(ids: pl.Series) -> None:
    if not len(ids):
        raise SpecInvalid("expected test ids in the sample submission, got no rows")
    bad = np.flatnonzero(((ids == "") | ~ids.is_first_distinct()).to_numpy())
    if len(bad):
        rows = [row_of(int(row) + 1, ids[int(row)]) for row in bad[:FIRST_ROWS]]
        detail = f"expected each test id once in the sample submission, got {rows[0]['id']!r} again or empty in row {rows[0]['row']}"
        raise SpecInvalid(f"{detail}; {len(bad)} such rows", rows, len(bad))
