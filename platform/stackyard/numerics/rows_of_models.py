"""Several models' predictions as the checks see them: one array a model, read a model or a column at a time.

The arrays may be memory-mapped files: nothing here needs them all in memory at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Bools, Floats, Ints, Numbers
from stackyard.numerics.features import EPSILON
from stackyard.numerics.fold_rows import targets_of
from stackyard.numerics.label_metrics import labels_of
from stackyard.numerics.metrics import MULTICLASS, REGRESSION


@dataclass(frozen=True)
class Models:
    """Level-1 models on the same rows. All arrays of a kind have one shape."""

    names: Sequence[str]
    oof: Sequence[Floats]
    """Out-of-fold predictions, one (n,) or (n, columns) a model."""
    truth: Numbers
    """(n,), or bool (n, labels)."""
    folds: Ints
    """(n,)."""
    task: str
    test: Sequence[Floats | None] = ()
    """Test predictions, (rows,) or (rows, columns) a model; None for a model without; empty where no model has any."""
    classes: Sequence[str] = ()
    """What the columns are called; counted where they have no names."""
    fold_values: Floats = field(default_factory=lambda: np.empty((0, 0)))
    """Each model's metric by fold, (models, folds), NaN where it is undefined; empty where nobody says."""
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        rows, columns = len(self.truth), np.shape(self.oof[0])[1:] if self.oof else ()
        wrong = [values.shape for values in self.oof if values.shape != (rows, *columns)]
        if not self.oof or wrong or len(self.names) != len(self.oof) or self.folds.shape != (rows,):
            raise ShapeMismatch(f"expected one array ({rows}, columns) and a name for each of some models, got {wrong or self.folds.shape}")

    def tests(self) -> Sequence[Floats | None]:
        """Return each model's test predictions, None for those without."""
        return self.test or [None] * len(self.oof)

    def column_names(self) -> list[str]:
        """Return what the columns are called."""
        count = columns_of(self.oof[0]).shape[1]
        return list(self.classes) if len(self.classes) == count else [f"column {number}" for number in range(count)]

    def targets(self) -> Floats:
        """Return the truth as float32 (n, columns): 0 and 1, or the values of a regression."""
        return targets_of(self.truth, columns_of(self.oof[0]).shape[1], self.task)


def columns_of(values: Floats) -> Floats:
    """Return (n,) as (n, 1), and (n, columns) as it is."""
    return values[:, None] if values.ndim == 1 else values


def logits_of(values: Floats, task: str) -> Floats:
    """Return probabilities as log(p / (1 - p)), float32, each column by itself; a regression's values as they are.

    A probability below 1e-6 or above 1 - 1e-6 counts as that: a model that is sure must not outweigh all other rows.

    >>> logits_of(np.array([0.5, 1.0]), "binary").round(1).tolist()
    [0.0, 13.800000190734863]
    """
    if task == REGRESSION:
        return np.asarray(values, np.float32)
    clipped: Floats = np.clip(values, EPSILON, 1.0 - EPSILON, dtype=np.float64)
    return (np.log(clipped) - np.log1p(-clipped)).astype(np.float32)


def confidence_of(values: Floats, task: str) -> Floats:
    """Return how sure a model is of each row, (n,): the probability of its likeliest class, or the mean over labels of that of its guess.

    >>> confidence_of(np.array([[0.25, 0.5], [1.0, 0.0]]), "multilabel").tolist()
    [0.625, 1.0]
    """
    columns = columns_of(values)
    if task == MULTICLASS:
        return np.asarray(columns.max(axis=1), np.float64)
    return np.asarray(np.maximum(columns, 1.0 - columns).mean(axis=1, dtype=np.float64))


def rightness_of(values: Floats, truth: Numbers) -> Floats:
    """Return the share of each row's guesses that are right, (n,): the likeliest class, or labels at 0.5."""
    flat = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 and truth.ndim == 1 else values
    right: Bools = labels_of(truth, np.asarray(flat)) == truth
    return np.asarray(right.reshape(len(right), -1).mean(axis=1, dtype=np.float64))


def spread_rows(rows: int, most: int) -> Ints:
    """Return at most so many row numbers, spread evenly over all rows.

    >>> spread_rows(10, 4).tolist()
    [0, 2, 5, 7]
    """
    return np.arange(rows) if rows <= most else (np.arange(most) * rows) // most
