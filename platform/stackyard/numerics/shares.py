"""What a blend is searched on, fold by fold: greedy paths without a fold, and the best share of one more model.

Rows are kept in the order of their folds, so that a fold is a slice and nothing is copied to leave one out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from stackyard.numerics.arrays import Floats, Ints, Numbers, one_column_flat
from stackyard.numerics.bagging import walk_together
from stackyard.numerics.compiled import compiled
from stackyard.numerics.doubt import Doubt
from stackyard.numerics.greedy import GreedyPath, SquaredSearch, walk
from stackyard.numerics.log_sums import cells_dtype, sum_logs_with_each
from stackyard.numerics.metrics import METRICS, Metric
from stackyard.numerics.truth_cells import FLOOR, LOG_LOSSES, check_shapes, surrogate_metric, truth_cells

CLOSE = 1e-6
"""A share is found when it moves by less."""
NEWTON_STEPS = 40


class SearchRows(Protocol):
    """All models on all rows, as a loss sees them."""

    metric: str
    """The loss."""
    values: Floats
    """(models, rows, width): a model's probability of the truth, or its error; rows in the order of their folds."""
    places: Ints
    """(rows,): the fold of each row, from 0, ascending."""
    doubt: Doubt
    """What a blend is mixed with before it is judged, as an ensemble's is (stacking.nested_blend); paths are searched without it."""

    def paths(self, steps: int) -> list[GreedyPath]:
        """Return the greedy paths on all rows, then on all rows but those of each fold."""

    def best_shares(self, held_out: int, weights: Floats) -> Floats:
        """Return for each model the share in [0, 1] at which it helps a blend most, on all rows but those of a fold, (models,)."""

    def losses(self, mixed: Floats) -> Floats:
        """Return the loss of each row, (rows,), of a mixture of `values`, (rows, width), with the doubt admitted."""


@compiled
def best_share(base: Floats, model: Floats, first: int, last: int, floor: float, beside: float) -> float:
    """Return the a in [0, 1] with the least sum of -log((1 - a) base + a model + beside), over all cells but first..last.

    beside: what every mixture gets whatever its shares, such as a trace of doubt.
    The sum is convex in a: Newton's steps, kept inside a bracket that shrinks.
    """
    low, high, share = 0.0, 1.0, 0.0
    for _ in range(NEWTON_STEPS):
        slope, curvature = 0.0, 0.0
        for half in range(2):
            start, stop = (0, first) if half == 0 else (last, len(base))
            for i in range(start, stop):
                b = max(base[i], floor)
                difference = max(model[i], floor) - b
                ratio = difference / (b + beside + share * difference)
                slope -= ratio
                curvature += ratio * ratio
        if slope >= 0.0:
            if share == 0.0:
                return 0.0
            high = share
        else:
            low = share
        target = share - slope / curvature if curvature > 0.0 else share
        if target <= low or target >= high:
            target = 0.5 * (low + high)
        if abs(target - share) < CLOSE:
            return target
        share = target
    return share


class LogLossRows:
    """Probabilities that came true, none below FLOOR."""

    def __init__(self, values: Floats, places: Ints, metric: str, doubt: Doubt) -> None:
        """values: (models, rows, width), rows in the order of their folds."""
        self.values, self.places, self.metric, self.doubt = values, places, metric, doubt
        self.cells = values.reshape(len(values), -1)
        self.edges = np.searchsorted(places, np.arange(int(places.max()) + 2)) * values.shape[2]

    def paths(self, steps: int) -> list[GreedyPath]:
        """Return the greedy paths; mixtures that several of them try are judged once, fold by fold."""
        sizes = np.diff(self.edges)
        held = np.concatenate([np.ones((1, len(sizes))), 1.0 - np.eye(len(sizes))])
        shares = held / (held @ sizes)[:, None]
        return walk_together(lambda counts: -sum_logs_with_each(self.cells, counts, self.edges), shares, len(self.cells), steps)

    def best_shares(self, held_out: int, weights: Floats) -> Floats:
        """Return the best share of each model."""
        first, last = self.edges[held_out], self.edges[held_out + 1]
        base = np.zeros(self.cells.shape[1])
        for model in np.flatnonzero(weights):
            base += weights[model] * self.cells[model]
        # p (1 - share) + floor is least where p + floor / (1 - share) is
        beside = self.doubt.floor / (1.0 - self.doubt.share)
        return np.array([best_share(base, cells, first, last, FLOOR, beside) for cells in self.cells])

    def losses(self, mixed: Floats) -> Floats:
        """Return the log loss of each row."""
        return np.asarray(-np.log(np.maximum(self.doubt.admit(mixed), FLOOR)).mean(axis=1))


class SquaredRows:
    """Errors, float64; all searches need is the products of every two models' errors, fold by fold."""

    metric = "rmse_loss"
    doubt = Doubt()

    def __init__(self, values: Floats, places: Ints) -> None:
        """values: (models, rows, 1), rows in the order of their folds."""
        self.values, self.places = values, places
        self.sizes = np.bincount(places)
        edges = np.searchsorted(places, np.arange(len(self.sizes) + 1))
        errors = values[:, :, 0]
        self.grams = np.stack([errors[:, a:b] @ errors[:, a:b].T for a, b in pairwise(edges)])

    def _gram(self, held_out: int | None) -> Floats:
        kept = np.arange(len(self.sizes)) != held_out
        return np.asarray(self.grams[kept].sum(axis=0) / self.sizes[kept].sum())

    def paths(self, steps: int) -> list[GreedyPath]:
        """Return the greedy paths."""
        held_out = [None, *range(len(self.sizes))]
        return [walk(SquaredSearch(self._gram(fold)), len(self.values), higher_is_better=False, steps=steps) for fold in held_out]

    def best_shares(self, held_out: int, weights: Floats) -> Floats:
        """Return the best share of each model: where the parabola of the squared error is lowest."""
        gram = self._gram(held_out)
        shared = gram @ weights
        own = float(weights @ shared)
        curvature = own - 2.0 * shared + gram.diagonal()
        best = np.divide(own - shared, curvature, out=np.zeros(len(gram)), where=curvature > 1e-12 * max(own, 1e-300))
        return np.clip(best, 0.0, 1.0)

    def losses(self, mixed: Floats) -> Floats:
        """Return the squared error of each row."""
        return np.asarray(mixed[:, 0] ** 2)


def search_rows(predictions: Sequence[Floats], truth: Numbers, places: Ints, metric: Metric) -> SearchRows:
    """Return the models as the metric's loss, or the loss that stands for it, sees them.

    predictions: one (n,) or (n, columns) a model. places: (n,), folds from 0. Raises ShapeMismatch where these do not fit.
    """
    flat = [one_column_flat(values) if truth.ndim == 1 else values for values in predictions]
    for values in flat:
        check_shapes(values[None], truth)
    loss = surrogate_metric(metric, flat[0][None], truth).name
    order = np.argsort(places, kind="stable")
    if loss in LOG_LOSSES:
        width = truth.shape[1] if truth.ndim == 2 else 1
        cells = np.empty((len(flat), len(truth), width), cells_dtype(len(flat), truth.size))
        for row, values in zip(cells, flat, strict=True):
            np.maximum(truth_cells(values[None], truth)[0].reshape(-1, width)[order], FLOOR, out=row, casting="same_kind")
        columns = flat[0].shape[1] if flat[0].ndim == 2 else 1
        return LogLossRows(cells, places[order], loss, Doubt.of(METRICS[loss], len(truth), columns))
    errors = np.stack([(values.astype(np.float64) - truth)[order, None] for values in flat])
    return SquaredRows(errors, places[order])
