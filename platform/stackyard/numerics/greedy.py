"""Greedy selection: add, again and again, the model that helps the running mean most.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes (2004), Ensemble Selection from Libraries of Models, ICML: with replacement,
and the best prefix of the path is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stackyard.errors import MetricUndefined, RecipeInvalid
from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.greedy_fbeta import FBetaSearch
from stackyard.numerics.log_sums import CHUNK, FEW_CELLS, SWEEP, sum_logs_along
from stackyard.numerics.metrics import Metric
from stackyard.numerics.truth_cells import LOG_LOSSES, check_shapes, floored_cells

# Cells are summed block by block whatever the number of threads, so that a sum has the same bits everywhere.
BLOCK = 8 * CHUNK
# How many picks are foreseen, and among how many models. The more models there are, the longer a pass over all cells takes, and the
# more it pays to foresee well: from one cell in so many divided by the number of models.
AHEAD, GUIDES = 6, 12
SAMPLE_EVERY = 384
# A table of F-beta by three counts is kept for no more than these.
MOST_LABELS = 64


@dataclass(frozen=True)
class GreedyPath:
    """The order of picks, what the mean was worth after each, and the weights of the best prefix."""

    picks: Ints
    """Model taken at each step, shape (steps,)."""
    values: Floats
    """The metric of the mean of the picks so far, shape (steps,)."""
    best_step: int
    """How many picks the best prefix has; the shortest where several are as good."""
    weights: Floats
    """Each model's share of that prefix, shape (models,)."""


class Search(Protocol):
    """A running sum of models, and what the mean would be worth with each model added once more."""

    def values(self) -> Floats:
        """Return the metric with each model added, shape (models,); NaN where it is undefined."""

    def take(self, model: int) -> None:
        """Add the model to the running sum."""


class LogLossSearch:
    """Log losses: only the truth's probability counts.

    Reading the cells takes longer than adding up their logs, so that several mixtures are judged in one pass: the one at hand and
    those to come if the next picks are what a sample of the cells says. Every value that is returned is that of all cells.
    """

    def __init__(self, cells: Floats) -> None:
        """cells: (models, cells), as floored_cells gives them."""
        self.cells = cells
        self.edges = np.append(np.arange(0, cells.shape[1], BLOCK), cells.shape[1])
        self.ahead = AHEAD if cells.size >= FEW_CELLS else 0
        self.total, self.size = np.zeros(cells.shape[1], cells.dtype), 0
        self.taken: list[int] = []
        """Picks that the total does not hold yet."""
        self.known: list[Floats] = []
        """The values of the mixture at hand, and of those that the picks `coming` make of it."""
        self.coming: list[int] = []
        self.guide: Guide | None = None

    def values(self) -> Floats:
        """Return the log loss with each model added."""
        if not self.known:
            self.coming = self.guide.foresee(self.ahead) if self.guide else []
            sums = sum_logs_along(self.cells, self.total, self.size, self.taken, self.coming, self.edges).sum(axis=1)
            self.size += len(self.taken)
            self.known, self.taken = list(-sums / self.cells.shape[1]), []
        return self.known[0]

    def take(self, model: int) -> None:
        """Count the model once more."""
        values = self.known[0] if self.known else None
        self.known = self.known[1:] if self.coming and self.coming.pop(0) == model else []
        if self.ahead and values is not None and not self.known:
            self.guide = Guide.of(values, self.cells, self.total, self.size, [*self.taken, model])
        self.taken.append(model)


@dataclass
class Guide:
    """The models that were best when all cells were last looked at, on a sample of the cells."""

    models: Ints
    cells: Floats
    """Theirs in the sample, (models, cells)."""
    total: Floats
    """The running sum of `size` models there."""
    size: int
    wrong: Floats
    """What the sample says wrong of them, (models,): much the same some picks later."""

    @classmethod
    def of(cls, values: Floats, cells: Floats, total: Floats, size: int, taken: list[int]) -> Guide:
        """values: of all models on all cells, (models,), after all but the last of those taken were added to the total of `size` models."""
        models: Ints = np.argsort(values, kind="stable")[:GUIDES]
        every = int(np.clip(SAMPLE_EVERY // len(cells), 2, 16))
        own = np.stack([_sample_of(cells[model], every) for model in models])
        mixed: Floats = _sample_of(total, every)
        for model in taken[:-1]:
            mixed += _sample_of(cells[model], every)
        wrong: Floats = values[models] - _values_on(own, mixed, size + len(taken) - 1)
        mixed += _sample_of(cells[taken[-1]], every)
        return cls(models, own, mixed, size + len(taken), wrong)

    def foresee(self, steps: int) -> list[int]:
        """Return the next picks, if all goes as the sample says."""
        picks = []
        for _ in range(steps):
            best = int(np.argmin(_values_on(self.cells, self.total, self.size) + self.wrong))
            picks.append(int(self.models[best]))
            self.total += self.cells[best]
            self.size += 1
        return picks


def _sample_of(cells: Floats, every: int) -> Floats:
    """Return a copy of one SWEEP of cells in so many."""
    runs = len(cells) // SWEEP
    return cells[: runs * SWEEP].reshape(runs, SWEEP)[::every].flatten()


def _values_on(cells: Floats, total: Floats, size: int) -> Floats:
    """Return the log loss on these cells with each model added to a running sum."""
    return np.asarray(-sum_logs_along(cells, total, size, [], [], np.array([0, len(total)]))[0, 0] / len(total))


class SquaredSearch:
    """Root mean squared error: with weights that sum to 1 it is a quadratic form of the models' errors."""

    def __init__(self, gram: Floats) -> None:
        """gram: mean products of two models' errors, shape (models, models)."""
        self.gram = gram
        self.counts = np.zeros(len(gram))

    def values(self) -> Floats:
        """Return the root mean squared error with each model added."""
        shared = self.gram @ self.counts
        squares = self.counts @ shared + 2 * shared + self.gram.diagonal()
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)) / (self.counts.sum() + 1))

    def take(self, model: int) -> None:
        """Count the model once more."""
        self.counts[model] += 1


class MetricSearch:
    """Any metric: the mean is made and judged for every model."""

    def __init__(self, predictions: Floats, truth: Numbers, metric: Metric, options: Mapping[str, Any]) -> None:
        """predictions: (models, rows[, columns]); options: the metric's."""
        self.predictions, self.truth, self.metric, self.options = predictions, truth, metric, options
        self.total = np.zeros(predictions.shape[1:])
        self.size = 0

    def values(self) -> Floats:
        """Return the metric with each model added."""
        return np.array([self._value(model) for model in self.predictions])

    def _value(self, model: Floats) -> float:
        try:
            return self.metric(self.truth, (self.total + model) / (self.size + 1), **self.options)
        except MetricUndefined:
            # for instance kappa of a model that says one class throughout: it is no candidate, the others still are
            return math.nan

    def take(self, model: int) -> None:
        """Add the model to the running sum."""
        self.total += self.predictions[model]
        self.size += 1


def error_gram(predictions: Floats, truth: Numbers) -> Floats:
    """Return the mean product of every two models' errors, float64 (models, models).

    >>> error_gram(np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([0.0, 1.0])).tolist()
    [[2.5, -1.0], [-1.0, 0.5]]
    """
    check_shapes(predictions, truth)
    errors = np.stack([(model.astype(np.float64) - truth).ravel() for model in predictions])
    return np.asarray(errors @ errors.T / errors.shape[1])


def search_for(predictions: Floats, truth: Numbers, metric: Metric, options: Mapping[str, Any]) -> Search:
    """Return the fastest search that is exact for the metric."""
    if metric.name in LOG_LOSSES:
        return LogLossSearch(floored_cells(predictions, truth))
    if metric.name == "rmse_loss":
        return SquaredSearch(error_gram(predictions, truth))
    if metric.name == "f_beta_samples_score" and truth.ndim == 2 and truth.shape[1] <= MOST_LABELS:
        return FBetaSearch(predictions, truth, metric.settings(options))
    return MetricSearch(predictions, truth, metric, options)


def walk(search: Search, models: int, higher_is_better: bool, steps: int) -> GreedyPath:
    """Take the best model, the first where several are as good, as often as steps says.

    Raises MetricUndefined where the metric has no value for any model, RecipeInvalid for less than one step.
    """
    if steps < 1:
        raise RecipeInvalid(f"expected at least one greedy step, got {steps}")
    sign = 1.0 if higher_is_better else -1.0
    picks = np.empty(steps, np.int64)
    reached = np.empty(steps)
    for step in range(steps):
        values = search.values()
        if np.isnan(values).all():
            raise MetricUndefined("expected a metric that is defined for at least one model, got none")
        picks[step] = int(np.nanargmax(sign * values))
        reached[step] = values[picks[step]]
        search.take(int(picks[step]))
    return best_prefix(picks, reached, models, higher_is_better)


def best_prefix(picks: Ints, values: Floats, models: int, higher_is_better: bool) -> GreedyPath:
    """Return a path with the weights of its best prefix, the shortest where several are as good.

    >>> best_prefix(np.array([0, 1, 1]), np.array([0.3, 0.2, 0.4]), 2, higher_is_better=False).weights.tolist()
    [0.5, 0.5]
    """
    best = int(np.argmax(values if higher_is_better else -values)) + 1
    return GreedyPath(picks, values, best, np.bincount(picks[:best], minlength=models) / best)
