"""Greedy selection for F-beta at a fixed threshold: most cells are decided whatever is added.

With s models summed, the mean of s + 1 reaches the threshold t where sum + p >= t (s + 1). As p lies in [0, 1], cells whose sum is below
t (s + 1) - 1 stay negative, and those at or above t (s + 1) are positive already; only those between can differ from model to model, and
they become fewer with each step. A row's score is looked up by what it got right and how much it said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints
from stackyard.numerics.compiled import compiled

# Sums are compared after a division, as the metric does it: a cell this near to a bound is looked at.
ROUNDING = 1e-6


class FBetaSearch:
    """The mean over rows of F-beta, for probabilities in [0, 1] and a truth (rows, labels)."""

    def __init__(self, predictions: Floats, truth: Bools, options: Mapping[str, Any]) -> None:
        """predictions: (models, rows, labels); options: all of the metric's."""
        self.predictions, self.truth = predictions, np.ascontiguousarray(truth, np.bool_)
        self.total = np.zeros(truth.shape)
        self.size = 0
        self.threshold = float(options["threshold"])
        self.scores = _score_table(truth.shape[1], float(options["beta"]), float(options["zero_division"]))

    def values(self) -> Floats:
        """Return the score with each model added."""
        rows, labels = self.truth.shape
        base = np.zeros((rows, 3), np.int64)
        open_cells = np.empty(rows * labels, np.int64)
        starts = np.zeros(rows + 1, np.int64)
        needed = self.threshold * (self.size + 1)
        _sort_cells(self.total, self.truth, needed, base, open_cells, starts)
        flat = self.total.reshape(-1), self.truth.reshape(-1)
        return np.array(
            [
                _score(np.ascontiguousarray(model).reshape(-1), *flat, self.size + 1, self.threshold, base, open_cells, starts, self.scores)
                for model in self.predictions
            ]
        )

    def take(self, model: int) -> None:
        """Add the model to the running sum."""
        self.total += self.predictions[model]
        self.size += 1


def _score_table(labels: int, beta: float, zero_division: float) -> Floats:
    """Return F-beta by true labels, predicted labels and hits, (labels + 1, labels + 1, labels + 1)."""
    squared = beta * beta
    true, said, hit = np.ogrid[: labels + 1, : labels + 1, : labels + 1]
    possible = squared * true + said + 0.0 * hit
    return np.where(possible > 0, (1.0 + squared) * hit / np.where(possible > 0, possible, 1.0), zero_division)


@compiled
def _sort_cells(total: Floats, truth: Bools, needed: float, base: Ints, open_cells: Ints, starts: Ints) -> None:
    """Fill base with each row's true labels, sure positives and hits among them, and list the cells that are not decided."""
    rows, labels = truth.shape
    count = 0
    for i in range(rows):
        for j in range(labels):
            base[i, 0] += truth[i, j]
            if total[i, j] >= needed + ROUNDING:
                base[i, 1] += 1
                base[i, 2] += truth[i, j]
            elif total[i, j] >= needed - 1.0 - ROUNDING:
                open_cells[count] = i * labels + j
                count += 1
        starts[i + 1] = count


@compiled
def _score(
    model: Floats,
    total: Floats,
    truth: Bools,
    size: int,
    threshold: float,
    base: Ints,
    open_cells: Ints,
    starts: Ints,
    scores: Floats,
) -> float:
    """Return the mean score of the rows with the model added."""
    summed = 0.0
    for i in range(len(base)):
        said, hit = base[i, 1], base[i, 2]
        for place in range(starts[i], starts[i + 1]):
            cell = open_cells[place]
            if (total[cell] + model[cell]) / size >= threshold:
                said += 1
                hit += truth[cell]
        summed += scores[base[i, 0], said, hit]
    return summed / len(base)
