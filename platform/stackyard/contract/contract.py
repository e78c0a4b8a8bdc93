"""What a prediction file of a competition must hold: columns, ids, ranges, folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from stackyard.contract.digests import folds_digest
from stackyard.errors import ContractError, DuplicateIds, FoldsMismatch, InvalidRequest, ShapeMismatch, UnknownFold

BINARY, MULTICLASS, MULTILABEL, REGRESSION = TASKS = ("binary", "multiclass", "multilabel", "regression")
ROW_SUM_TOLERANCE = 1e-3

Folds = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
Ids = pl.Series | Sequence[str] | npt.NDArray[Any]


def as_ids(values: Ids) -> pl.Series:
    """Return ids as a polars Series of strings.

    >>> as_ids(["007", "1e5"]).to_list()
    ['007', '1e5']
    """
    if isinstance(values, pl.Series):
        return values.cast(pl.String).alias("id")
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return pl.Series("id", [str(value) for value in listed], dtype=pl.String)


@dataclass(frozen=True, eq=False)
class Contract:
    """Columns, ids, ranges and folds that a prediction must keep; ids may be given as any sequence of strings.

    Raises ShapeMismatch unless there is one fold a train id, and one class for binary and regression tasks.
    """

    slug: str
    task: str
    metric: str
    id_column: str
    classes: tuple[str, ...]
    """Value columns of a file, in the order of every aligned array; one for binary and regression."""
    train_ids: pl.Series
    test_ids: pl.Series
    metric_options: Mapping[str, Any] = field(default_factory=dict)
    folds: Folds | None = None
    """Fold of the i-th train id, 0 to fold_count - 1."""
    fold_count: int = 0
    folds_digest: str = ""
    tags_column: str | None = None
    """Column of a tag submission ("id,tags"), where the competition has one."""
    empty_tags_allowed: bool = False
    """Whether some labelled row has no tag."""

    def __post_init__(self) -> None:
        """Bring ids and folds into one form; derive the number of folds and their digest where they were not given."""
        if self.task not in TASKS:
            raise ContractError(f"expected a task among {', '.join(TASKS)}, got {self.task!r}")
        put = object.__setattr__
        put(self, "classes", tuple(self.classes))
        put(self, "metric_options", dict(self.metric_options))
        put(self, "train_ids", as_ids(self.train_ids))
        put(self, "test_ids", as_ids(self.test_ids))
        for ids in (self.train_ids, self.test_ids):
            if not ids.is_unique().all():
                raise DuplicateIds(f"expected each id of a contract once, got {ids.filter(ids.is_duplicated())[0]!r} more than once")
        if not self.classes or (self.single_column and len(self.classes) != 1):
            raise ShapeMismatch(f"expected {'one class column' if self.single_column else 'class columns'}, got {list(self.classes)}")
        if self.folds is not None:
            self._settle_folds(np.asarray(self.folds, dtype=np.int64))

    def _settle_folds(self, folds: Folds) -> None:
        if folds.shape != (len(self.train_ids),):
            raise ShapeMismatch(f"expected one fold for each of {len(self.train_ids)} train ids, got shape {folds.shape}")
        object.__setattr__(self, "folds", folds)
        object.__setattr__(self, "fold_count", self.fold_count or int(folds.max(initial=-1)) + 1)
        object.__setattr__(self, "folds_digest", self.folds_digest or folds_digest(self.train_ids, folds))

    @property
    def single_column(self) -> bool:
        """Whether aligned values have shape (n,) and not (n, C)."""
        return self.task in {BINARY, REGRESSION}

    @property
    def columns(self) -> tuple[str, ...]:
        """The id column, then the class columns."""
        return (self.id_column, *self.classes)

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Lowest and highest value, both allowed; None where any finite number is."""
        return None if self.task == REGRESSION else (0.0, 1.0)

    def fold_rows(self, fold: int) -> Rows:
        """Return the positions of a fold's rows among the train ids; raise UnknownFold where there is no such fold."""
        if self.folds is None or not 0 <= fold < self.fold_count:
            raise UnknownFold(f"expected a fold from 0 to {self.fold_count - 1}, got {fold}")
        return np.flatnonzero(self.folds == fold)

    def require_folds(self, digest: str) -> None:
        """Raise FoldsMismatch unless predictions were made on these folds."""
        if digest != self.folds_digest:
            raise FoldsMismatch(f"expected predictions made on the folds {self.folds_digest}, got {digest}")

    def as_json(self, with_ids: bool = False) -> dict[str, Any]:
        """Return the contract as JSON; the ids (and the fold of each train id) only on request, since they are long."""
        low, high = self.value_range or (None, None)
        document: dict[str, Any] = {
            "slug": self.slug,
            "task": self.task,
            "metric": self.metric,
            "metric_options": dict(self.metric_options),
            "id_column": self.id_column,
            "classes": list(self.classes),
            "columns": [
                {"name": self.id_column, "kind": "id"},
                *({"name": n, "kind": "value", "low": low, "high": high} for n in self.classes),
            ],
            "row_sum": {"value": 1.0, "tolerance": ROW_SUM_TOLERANCE} if self.task == MULTICLASS else None,
            "tags_column": self.tags_column,
            "empty_tags_allowed": self.empty_tags_allowed,
            "counts": {"train": len(self.train_ids), "test": len(self.test_ids)},
            "folds": {"count": self.fold_count, "digest": self.folds_digest} if self.fold_count else None,
        }
        return {**document, "ids": self.ids_as_json()} if with_ids else document

    def ids_as_json(self) -> dict[str, Any]:
        """Return train ids, test ids and the fold of each train id (null without folds)."""
        folds = None if self.folds is None else self.folds.tolist()
        return {"train": self.train_ids.to_list(), "test": self.test_ids.to_list(), "folds": folds}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], ids: Mapping[str, Any] | None = None) -> Contract:
        """Build a contract from as_json(with_ids=True), or from as_json() with the ids beside.

        Raises InvalidRequest where a key or the ids are missing, or where the ids are not as many as the document says.
        """
        try:
            ids = ids if ids is not None else document["ids"]
            folds = document["folds"] or {"count": 0, "digest": ""}
            contract = cls(
                **{name: document[name] for name in _PLAIN},
                classes=tuple(document["classes"]),
                train_ids=as_ids(ids["train"]),
                test_ids=as_ids(ids["test"]),
                folds=ids["folds"],
                fold_count=folds["count"],
                folds_digest=folds["digest"],
            )
            counts = document["counts"]["train"], document["counts"]["test"]
        except (KeyError, TypeError) as error:
            raise InvalidRequest(f"expected a contract's JSON with its ids, got one without {error}") from error
        if counts != (len(contract.train_ids), len(contract.test_ids)):
            raise InvalidRequest(f"expected {counts} train and test ids, got {(len(contract.train_ids), len(contract.test_ids))}")
        return contract


_PLAIN = ("slug", "task", "metric", "metric_options", "id_column", "tags_column", "empty_tags_allowed")
