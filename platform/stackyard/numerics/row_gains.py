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
def best_cut(
    order: Ints, ordered: Floats, flags: Bools, labels: Bools, true: Ints, predicted: Ints, hits: Ints, beta: float, zero_division: float
) -> tuple[int, float, float]:
    """Return how many first rows of an order gain most together by one label, what they gain, and what those that have it now gain.

    ordered: (n,), float64, the rows' probabilities in that order, falling. Where no threshold lies strictly inside (0, 1) and between two
    of them that differ, there is no such number: -1.
    flags, labels: (n,) of this label. true, predicted, hits: (n,), each row's counts over all labels as they are now.
    """
    rows = len(order)
    total, now, best, stop = 0.0, 0.0, -np.inf, -1
    for place in range(rows + 1):
        middle = cut_at(ordered, place)
        if total > best and middle > 0.0:
            best, stop = total, place
        if place < rows:
            i = order[place]
            mine, is_true = int(labels[i]), int(flags[i])
            others, right = predicted[i] - mine, hits[i] - mine * is_true
            kept = _worth(true[i], others, right, beta, zero_division)
            gain = _worth(true[i], others + 1, right + is_true, beta, zero_division) - kept
            total += gain
            now += gain * mine
    return stop, best, now


@compiled
def cut_at(ordered: Floats, place: int) -> float:
    """Return the threshold, strictly inside (0, 1), that gives a label to the first `place` rows of a falling order; -1 for none."""
    upper = 1.0 if place == 0 else ordered[place - 1]
    lower = 0.0 if place == len(ordered) else ordered[place]
    middle = (upper + lower) / 2.0
    return middle if lower < middle < 1.0 and middle > 0.0 and lower < upper else -1.0


@compiled
def give_label(order: Ints, stop: int, flags: Bools, labels: Bools, predicted: Ints, hits: Ints) -> None:
    """Give one label to the first `stop` rows of an order and take it from the others: in its labels and in each row's counts."""
    for place in range(len(order)):
        i = order[place]
        change = int(place < stop) - int(labels[i])
        predicted[i] += change
        hits[i] += change * int(flags[i])
        labels[i] = place < stop


DIGIT_BITS = 11


@compiled
def falling_order(scores: Floats) -> Ints:
    """Return the order of falling scores, float32 and none below 0, (n,); equal ones keep theirs.

    Source: Knuth (1998), The Art of Computer Programming 3, section 5.2.5: three digits of 11 bits, the least significant first. The bits
    of a float that is not negative rise with it.
    """
    rows = len(scores)
    bits = (scores + np.float32(0.0)).view(np.uint32)  # -0.0 becomes 0.0
    mask = np.uint64((1 << DIGIT_BITS) - 1)
    here, there = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
    ends = np.zeros((3, 1 << DIGIT_BITS), np.int64)
    for i in range(rows):
        key = np.uint64(0xFFFFFFFF) - np.uint64(bits[i])
        here[i] = (key << np.uint64(32)) | np.uint64(i)
        for digit in range(3):
            ends[digit, (key >> np.uint64(DIGIT_BITS * digit)) & mask] += 1
    for digit in range(3):
        before = 0
        for value in range(1 << DIGIT_BITS):
            before, ends[digit, value] = before + ends[digit, value], before
        for i in range(rows):
            value = (here[i] >> np.uint64(32 + DIGIT_BITS * digit)) & mask
            there[ends[digit, value]] = here[i]
            ends[digit, value] += 1
        here, there = there, here
    order = np.empty(rows, np.int64)
    for i in range(rows):
        order[i] = here[i] & np.uint64(0xFFFFFFFF)
    return order
