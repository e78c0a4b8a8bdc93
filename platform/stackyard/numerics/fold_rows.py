"""One fold's rows as the second level sees them. A method is handed only the folds that it may learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from stackyard.numerics.arrays import Floats, Ints, Numbers, one_hot
from stackyard.numerics.metrics import MULTICLASS
from stackyard.numerics.truth_cells import check_shapes

Made = TypeVar("Made")


@dataclass(frozen=True)
class Setup:
    """What a level-2 fit is told beside its rows."""

    task: str
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1


@dataclass(frozen=True)
class FoldRows:
    """One fold's rows. What a method computes from these rows alone (logits, a Gram matrix) it may keep here for its next fit."""

    fold: int
    source: Floats
    """Predictions of more rows than these, perhaps memory-mapped, shape (models, all rows, columns)."""
    targets: Floats
    """The truth, float32 (rows, columns): 0 and 1 (one 1 a row if multiclass), or the values of a regression."""
    chosen: Ints | None = None
    """Which of the source's rows these are; None for all of them."""
    features: Floats | None = None
    """The competition's own features of these rows, (rows, features); None where a fit looks at predictions alone."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Of what says nothing about `features`: those are standardised anew for every fit."""

    @property
    def predictions(self) -> Floats:
        """Out-of-fold predictions, shape (models, rows, columns); read anew each time, since all folds' together may not fit memory."""
        return self.source if self.chosen is None else self.source[:, self.chosen]

    def keep(self, name: str, make: Callable[[FoldRows], Made]) -> Made:
        """Return what make gives for these rows; it is made once."""
        if name not in self.kept:
            self.kept[name] = make(self)
        made: Made = self.kept[name]
        return made


def unlabelled(predictions: Floats, features: Floats | None = None) -> FoldRows:
    """Return rows to be predicted, (models, rows, columns), whose truth is not known."""
    return FoldRows(-1, predictions, np.empty((0, predictions.shape[2]), np.float32), features=features)


Predictor = Callable[[Floats], Floats]
"""Turns level-1 predictions (models, rows, columns) into a level-2 prediction (rows, columns)."""


@dataclass(frozen=True)
class RowsPredictor:
    """A predictor that shares with others what they all need to know of the rows."""

    of_rows: Callable[[FoldRows], Floats]

    def __call__(self, predictions: Floats) -> Floats:
        """Predict rows that nobody else is asked about."""
        return self.of_rows(unlabelled(predictions))


def predict_rows(predict: Predictor, part: FoldRows) -> Floats:
    """Return what a predictor says of some rows, letting it use what is kept there."""
    return predict.of_rows(part) if isinstance(predict, RowsPredictor) else predict(part.predictions)


def as_columns(predictions: Floats) -> Floats:
    """Return predictions (models, rows) as (models, rows, 1); those with columns as they are."""
    return predictions[:, :, None] if predictions.ndim == 2 else predictions


def targets_of(truth: Numbers, columns: int, task: str) -> Floats:
    """Return the truth as float32 (rows, columns).

    >>> targets_of(np.array([1, 0]), 2, "multiclass").tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    cells = one_hot(truth, columns) if task == MULTICLASS else truth.reshape(len(truth), -1)
    return cells.astype(np.float32)


def split_by_fold(predictions: Floats, truth: Numbers, folds: Ints, task: str, features: Floats | None = None) -> list[FoldRows]:
    """Return the rows of each fold, in the order of the fold numbers.

    predictions: (models, n) or (models, n, columns). truth: (n,) or (n, labels). folds: (n,). features: (n, features).
    Raises ShapeMismatch where these do not fit.
    """
    check_shapes(predictions, truth)
    columned = as_columns(predictions)
    targets = targets_of(truth, columned.shape[2], task)
    rows = {int(fold): np.flatnonzero(folds == fold) for fold in np.unique(folds)}
    return [
        FoldRows(fold, columned, targets[chosen], chosen, None if features is None else features[chosen]) for fold, chosen in rows.items()
    ]


def stack_targets(parts: Sequence[FoldRows]) -> Floats:
    """Return the targets of several folds below one another."""
    return np.concatenate([part.targets for part in parts])
