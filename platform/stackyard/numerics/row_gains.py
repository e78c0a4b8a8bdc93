"""What rows gain by labels, for metrics that look at three counts of a row: true labels, predicted labels, and those that are both.

Compiled; reached through thresholds.py. The metric is F-beta of each row, or where beta is negative whether the row is right in every
label: one number, so that one kernel serves both.
"""

from __future__ import annotations

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints
from stackyard.numerics.compiled import compiled


@compiled
def _worth(true: int, predicted: int, hits: int, beta: float, zero_division: float) -> float:
    """Return the metric of one row from its counts."""
    if beta < 0.0:
        return 1.0 if true == hits and predicted == hits else 0.0
    possible = beta * beta * true + predicted
    return (1.0 + beta * beta) * hits / possible if possible > 0.0 else zero_division


@compiled
def sum_over_levels(cells: Floats, flags: Bools, levels: Floats, beta: float, zero_division: float) -> Floats:
    """Return the summed metric of all rows for each common threshold, (levels,). cells, flags: (n, L); levels: even steps, rising."""
    rows, labels = cells.shape
    count = len(levels)
    sums = np.zeros(count)
    predicted, hits = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    for i in range(rows):
        predicted[:], hits[:] = 0, 0
        true = 0
        for j in range(labels):
            # how many levels are at or below the cell: a first guess, then to the cell
            value = float(cells[i, j])
            place = min(max(int(value * (count + 1)), 0), count)
            while place > 0 and levels[place - 1] > value:
                place -= 1
            while place < count and levels[place] <= value:
                place += 1
            predicted[place] += 1
            hits[place] += flags[i, j]
            true += flags[i, j]
        above, right = 0, 0
        for level in range(count - 1, -1, -1):
            above += predicted[level + 1]
            right += hits[level + 1]
            sums[level] += _worth(true, above, right, beta, zero_division)
    return sums


@compiled
def sum_gains(
    order: Ints, flags: Bools, labels: Bools, true: Ints, predicted: Ints, hits: Ints, beta: float, zero_division: float
) -> tuple[Floats, float]:
    """Return what the first 0, 1, ... n rows of an order gain together by one label, (n + 1,), and what those that have it gain.

    flags, labels: (n,) of this label. true, predicted, hits: (n,), each row's counts over all labels as they are now.
    """
    sums = np.zeros(len(order) + 1)
    now = 0.0
    for place in range(len(order)):
        i = order[place]
        mine, is_true = int(labels[i]), int(flags[i])
        others, right = predicted[i] - mine, hits[i] - mine * is_true
        kept = _worth(true[i], others, right, beta, zero_division)
        gain = _worth(true[i], others + 1, right + is_true, beta, zero_division) - kept
        sums[place + 1] = sums[place] + gain
        now += gain * mine
    return sums, now
