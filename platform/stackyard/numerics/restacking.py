"""Level 2 with the competition's own features beside the predictions: where the models' errors have a cause that the features show.

A fit standardises features by the rows that it learns from, and the rows that it predicts by the same mean and scale: nothing about a
held-out fold or the test rows is known to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stackyard.errors import RecipeInvalid, ShapeMismatch
from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import Standard
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup, predict_rows
from stackyard.numerics.recipes import RESTACKING

Fit = Callable[[Sequence[FoldRows], Setup], Predictor]


@dataclass(frozen=True)
class Features:
    """The competition's own features, float32, perhaps memory-mapped."""

    train: Floats
    """(n, features), finite."""
    test: Floats | None = None
    """(test rows, features)."""

    def check(self, method: str, rows: int, test_rows: int | None) -> None:
        """Raise RecipeInvalid for a method that takes none, ShapeMismatch unless there is one row of features for each row.

        test_rows: None where there are no test predictions.

        >>> Features(np.zeros((3, 2))).check("ridge", 3, None)
        """
        if method not in RESTACKING:
            raise RecipeInvalid(f"expected a level-2 method that takes features, one of {', '.join(RESTACKING)}, got {method!r}")
        if self.train.ndim != 2 or len(self.train) != rows or not self.train.shape[1]:
            raise ShapeMismatch(f"expected features (rows, features) for {rows} train rows, got shape {self.train.shape}")
        if test_rows is not None and (self.test is None or self.test.shape != (test_rows, self.train.shape[1])):
            got = "none" if self.test is None else f"shape {self.test.shape}"
            raise ShapeMismatch(f"expected {self.train.shape[1]} features for each of {test_rows} test rows, got {got}")


def fit_restacked(fit: Fit, parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Fit on parts whose features are standardised by these very parts; what is predicted is standardised alike."""
    standard = Standard.of([_features_of(part) for part in parts])

    def seen(part: FoldRows) -> FoldRows:
        return replace(part, features=standard.apply(_features_of(part)))

    predict = fit([seen(part) for part in parts], setup)
    return RowsPredictor(lambda part: predict_rows(predict, seen(part)))


def _features_of(part: FoldRows) -> Floats:
    if part.features is None:
        raise ShapeMismatch("expected rows with the features that the fit was given, got rows without")
    return np.asarray(part.features, np.float64)
