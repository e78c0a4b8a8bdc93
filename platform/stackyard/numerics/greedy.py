"""Greedy selection: add, again and again, the model that helps the running mean most.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes (2004), Ensemble Selection from Libraries of Models, ICML: with replacement,
and the best prefix of the path is kept.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stackyard.errors import MetricUndefined, RecipeInvalid
from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.compiled import compiled
from stackyard.numerics.metrics import Metric
from stackyard.numerics.truth_cells import FLOOR, LOG_LOSSES, check_shapes, truth_cells

# Cells are summed in this many slices whatever the number of threads, so that a sum has the same bits everywhere.
SLICES = 8
# One logarithm for 32 products of 6 cells. The product of 6 stays inside float64: 1e-15 ** 6 below, steps ** 6 above.
LANES = 32


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


@compiled
def _sum_logs(total: Floats, cells: Floats, floor: float, start: int, stop: int) -> Floats:
    """Return the sum of log(max(total + cells, floor)) over start..stop for each model, shape (models,)."""
    group = 6 * LANES
    whole = start + (stop - start) // group * group
    sums = np.zeros(len(cells))
    products = np.empty(LANES)
    bits = products.view(np.int64)
    for base in range(start, whole, group):
        t = total[base : base + group]
        for j in range(len(cells)):
            c = cells[j, base : base + group]
            # written out, so that the compiler makes vector instructions of it
            for i in range(LANES):
                a = max(t[i] + c[i], floor) * max(t[i + LANES] + c[i + LANES], floor)
                b = max(t[i + 2 * LANES] + c[i + 2 * LANES], floor) * max(t[i + 3 * LANES] + c[i + 3 * LANES], floor)
                d = max(t[i + 4 * LANES] + c[i + 4 * LANES], floor) * max(t[i + 5 * LANES] + c[i + 5 * LANES], floor)
                products[i] = a * b * d
            # a float64 is mantissa * 2 ** exponent: exponents are added, the mantissas (1 to 2) multiplied, and one logarithm does
            exponent = -1023 * LANES
            for i in range(LANES):
                exponent += bits[i] >> 52
                bits[i] = (bits[i] & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000
            for i in range(16):
                products[i] *= products[i + 16]
            for i in range(8):
                products[i] *= products[i + 8]
            for i in range(4):
                products[i] *= products[i + 4]
            product = products[0] * products[1] * products[2] * products[3]
            sums[j] += math.log(product) + exponent * math.log(2.0)
    for j in range(len(cells)):
        for i in range(whole, stop):
            sums[j] += math.log(max(total[i] + cells[j, i], floor))
    return sums


class LogLossSearch:
    """Log losses: only the truth's probability counts, and log((s + p) / k) = log(s + p) - log k needs no division."""

    def __init__(self, cells: Floats) -> None:
        """cells: float32 (models, cells), as truth_cells gives them."""
        self.cells = cells
        self.total = np.zeros(cells.shape[1])
        self.size = 0

    def values(self) -> Floats:
        """Return the log loss with each model added."""
        size = self.size + 1
        count = self.cells.shape[1]
        edges = np.linspace(0, count, SLICES + 1).astype(np.int64)

        def sum_slice(k: int) -> Floats:
            return _sum_logs(self.total, self.cells, FLOOR * size, edges[k], edges[k + 1])

        if self.cells.size < 100_000:
            sums = [sum_slice(k) for k in range(SLICES)]
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                sums = list(pool.map(sum_slice, range(SLICES)))
        return np.asarray(math.log(size) - np.sum(sums, axis=0) / count)

    def take(self, model: int) -> None:
        """Add the model to the running sum."""
        self.total += self.cells[model]
        self.size += 1


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
        return LogLossSearch(truth_cells(predictions, truth))
    if metric.name == "rmse_loss":
        return SquaredSearch(error_gram(predictions, truth))
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
    best = int(np.argmax(sign * reached)) + 1
    weights = np.bincount(picks[:best], minlength=models) / best
    return GreedyPath(picks, reached, best, weights)
