"""A weighted linear combination with a constant: one weight a model, negative ones allowed or not, and a constant a column.

Least squares, held towards equal weights that sum to 1 as strongly as inner folds ask for; everything from sums over folds, as in ridge.py,
but for all columns together. Source: Breiman (1996), Stacked Regressions, Machine Learning 24; his constraint on signs is left to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup
from stackyard.numerics.inner_folds import inner_groups
from stackyard.numerics.simplex import minimise_quadratic

PENALTIES = 10.0 ** np.arange(1.0, -7.0, -1.0)
"""In units of the models' mean variance, strongest first: from all but equal weights to all but least squares."""
BLOCK = 4096

Solved = tuple[Floats, Floats]
"""Weights (models,) and constants (columns,)."""


@dataclass(frozen=True)
class Sums:
    """All that least squares needs to know of some rows. Sums of disjoint rows add up."""

    count: float
    x: Floats
    """(models, columns)."""
    y: Floats
    """(columns,)."""
    xx: Floats
    """(models, models), over all cells."""
    xy: Floats
    """(models,), over all cells."""
    yy: float

    @classmethod
    def of(cls, part: FoldRows) -> Sums:
        """Sum in float64, some thousand rows at a time."""
        predictions = part.predictions
        models, rows, columns = predictions.shape
        xx, xy = np.zeros((models, models)), np.zeros(models)
        for start in range(0, rows, BLOCK):
            cells = predictions[:, start : start + BLOCK].astype(np.float64).reshape(models, -1)
            xx += cells @ cells.T
            xy += cells @ part.targets[start : start + BLOCK].ravel()
        targets = part.targets.astype(np.float64)
        x = predictions.sum(axis=1, dtype=np.float64)
        return cls(rows, x.reshape(models, columns), targets.sum(axis=0), xx, xy, float((targets**2).sum()))

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.count + other.count, self.x + other.x, self.y + other.y, self.xx + other.xx, self.xy + other.xy, self.yy + other.yy
        )

    def solve(self, penalty: float) -> Solved:
        """Return weights (models,) and constants (columns,) of the penalised least squares."""
        gram, pull, equal, strength = self._system(penalty)
        weights = equal + np.linalg.solve(gram + strength * np.eye(len(gram)), pull - gram @ equal)
        return weights, self._constants(weights)

    def solve_positive(self, penalty: float) -> Solved:
        """Return weights (models,), none negative, and constants (columns,) of the penalised least squares."""
        gram, pull, equal, strength = self._system(penalty)
        weights = minimise_quadratic(gram + strength * np.eye(len(gram)), pull + strength * equal)
        return weights, self._constants(weights)

    def _system(self, penalty: float) -> tuple[Floats, Floats, Floats, float]:
        """Return the models' Gram matrix about their means, what they have in common with the truth, equal weights, and the strength.

        Weights are pulled towards equal ones with that strength.
        """
        mean, centre = self.x / self.count, self.y / self.count
        gram = self.xx - self.count * mean @ mean.T
        equal = np.full(len(gram), 1.0 / len(gram))
        # the floor keeps models that never vary, or are all the same, solvable
        strength = max(penalty * float(gram.diagonal().mean()), 1e-12 * float(self.xx.diagonal().mean()), 1e-300)
        return gram, self.xy - self.count * mean @ centre, equal, strength

    def _constants(self, weights: Floats) -> Floats:
        return np.asarray(self.y / self.count - weights @ (self.x / self.count))

    def squared_error(self, weights: Floats, constants: Floats) -> float:
        """Return the summed squared error of weights and constants on these rows."""
        mixed = weights @ self.xx @ weights - 2.0 * weights @ self.xy + self.yy
        return float(mixed + 2.0 * constants @ (weights @ self.x - self.y) + self.count * constants @ constants)


Solve = Callable[[Sums, float], Solved]
"""(sums, penalty) -> weights and constants."""


def total(sums: Sequence[Sums]) -> Sums:
    """Return the sums of all their rows."""
    result = sums[0]
    for other in sums[1:]:
        result = result + other
    return result


def best_penalty(groups: Sequence[Sums], solve: Solve = Sums.solve) -> float:
    """Return the penalty with the least squared error when each group is predicted from the others; of equal ones the strongest."""
    if len(groups) < 2:
        return 1.0
    errors = np.zeros(len(PENALTIES))
    for held, group in enumerate(groups):
        others = total([other for place, other in enumerate(groups) if place != held])
        errors += [group.squared_error(*solve(others, penalty)) for penalty in PENALTIES]
    return float(PENALTIES[errors.argmin()])


def fit_linear(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn one weight a model and one constant a column; probabilities are clipped to what the rows allow, classes renormalised."""
    return _fit(parts, setup, Sums.solve)


def fit_positive_linear(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn as fit_linear does, but no weight below 0: a model that the others contradict is left out, not turned round."""
    return _fit(parts, setup, Sums.solve_positive)


def _fit(parts: Sequence[FoldRows], setup: Setup, solve: Solve) -> Predictor:
    groups = [total([part.keep("linear", Sums.of) for part in group]) for group in inner_groups(parts)]
    everything = total(groups)
    weights, constants = solve(everything, best_penalty(groups, solve))

    def predict(predictions: Floats) -> Floats:
        mixed = np.zeros(predictions.shape[1:])
        for model, weight in zip(predictions, weights, strict=True):
            mixed += np.multiply(model, weight, dtype=np.float64)
        return within_evidence(mixed + constants, int(everything.count), setup.task)

    return predict
