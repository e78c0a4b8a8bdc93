"""The swaps that balance label and pair counts between folds. Compiled; reached through folds.py.

Rows with the same labels (a combination) are interchangeable, so a swap trades a row of combination x in one fold for a row of y in
another. Errors are kept as whole numbers (count times the distance from the ideal). A swap changes the weighted sum of their squares,
up to a common factor, by leave[x] + enter[y] - overlap[x, y]: all swaps of two folds are tried at the cost of a subtraction each.
"""

from __future__ import annotations

import numba
import numpy as np

from stackyard.numerics.arrays import Ints

# A label's count matters more than a pair's: what members look at first is the histogram of classes.
LABEL_WEIGHT = 16


@numba.njit(cache=True, nogil=True)
def _list_features(starts: Ints, members: Ints, labels: int) -> tuple[Ints, Ints]:
    """Return each combination's labels and pairs as positions in a flat (labels, labels) table, and where each list starts.

    One flat list a combination, walked by one loop, spares the mispredicted branches of two nested short ones.
    """
    sizes = np.diff(starts)
    ends = np.cumsum(sizes * (sizes + 1) // 2)
    firsts, features = np.zeros(len(starts), np.int64), np.empty(ends[-1], np.int64)
    firsts[1:] = ends
    for x in range(len(sizes)):
        k = firsts[x]
        for i in range(starts[x], starts[x + 1]):
            for j in range(starts[x], i + 1):
                features[k] = members[j] * labels + members[i]
                k += 1
    return firsts, features


@numba.njit(cache=True, nogil=True)
def _price_moves(here: Ints, there: Ints, firsts: Ints, features: Ints, combinations: Ints, overlaps: Ints, sign: int) -> Ints:
    """Return what a row of each of these combinations costs: leaving `here` for `there` (sign 1), or coming the other way (-1)."""
    prices = np.empty(len(combinations), np.int64)
    for k in range(len(combinations)):
        x = combinations[k]
        pull = np.int64(0)
        for i in range(firsts[x], firsts[x + 1]):
            pull += here[features[i]] - there[features[i]]
        prices[k] = overlaps[x, x] // 2 - 2 * sign * pull
    return prices


@numba.njit(cache=True, nogil=True)
def _cheapest_swap(leave: Ints, enter: Ints, overlaps: Ints, leaving: Ints, entering: Ints) -> tuple[np.int64, np.int64, np.int64]:
    """Return the combinations of the best swap and its change of the sum, 0 where none lowers it."""
    best = best_x = best_y = np.int64(0)
    lowest = enter.min()
    for i in range(len(leaving)):
        x = leaving[i]
        # no overlap is greater than that with itself: most combinations are ruled out by this bound
        if leave[i] + lowest - overlaps[x, x] >= best:
            continue
        shared = overlaps[x]
        least = np.int64(1) << 60
        for j in range(len(entering)):
            least = min(least, enter[j] - shared[entering[j]])
        if leave[i] + least < best:
            best, best_x = leave[i] + least, x
            for j in range(len(entering)):
                if enter[j] - shared[entering[j]] == least:
                    best_y = entering[j]
                    break
    return best_x, best_y, best


@numba.njit(cache=True, nogil=True)
def _move_row(errors: Ints, starts: Ints, members: Ints, x: int | np.int64, step: int) -> None:
    """Add step to the weighted error of each label (diagonal) and pair (upper triangle) of a combination."""
    for i in range(starts[x], starts[x + 1]):
        for j in range(starts[x], i):
            errors[members[j], members[i]] += step
        errors[members[i], members[i]] += LABEL_WEIGHT * step


@numba.njit(cache=True, nogil=True)
def measure_errors(rows: Ints, starts: Ints, members: Ints, labels: int) -> Ints:
    """Return weight * count * (rows in the fold - ideal) of labels (diagonal) and pairs (upper triangle), (count, labels, labels)."""
    count, combinations = rows.shape
    errors = np.zeros((count, labels, labels), np.int64)
    for x in range(combinations):
        total = rows[:, x].sum()
        for f in range(count):
            _move_row(errors[f], starts, members, x, count * rows[f, x] - total)
    return errors


@numba.njit(cache=True, nogil=True)
def swap_rows(rows: Ints, errors: Ints, starts: Ints, members: Ints, overlaps: Ints) -> int:
    """Swap until no single swap of two folds lowers the weighted squared error; return how many were made. Works in place.

    rows: (count, combinations), rows of each combination in each fold. errors: (count, L, L), as measure_errors gives them.
    members[starts[x]:starts[x + 1]]: the labels of combination x, ascending. overlaps: 4 * count * weight of what two combinations share.
    """
    count = len(rows)
    firsts, features = _list_features(starts, members, errors.shape[1])
    flat = errors.reshape(count, -1)
    changed = np.triu(np.ones((count, count)), 1) > 0
    swaps = 0
    while changed.any():
        for f in range(count):
            for g in range(f + 1, count):
                while changed[f, g]:
                    leaving, entering = np.flatnonzero(rows[f]), np.flatnonzero(rows[g])
                    leave = _price_moves(flat[f], flat[g], firsts, features, leaving, overlaps, 1)
                    enter = _price_moves(flat[f], flat[g], firsts, features, entering, overlaps, -1)
                    changed[f, g] = False
                    x, y, change = _cheapest_swap(leave, enter, overlaps, leaving, entering)
                    if change < 0:
                        for fold, out, into in ((f, x, y), (g, y, x)):
                            rows[fold, out] -= 1
                            rows[fold, into] += 1
                            _move_row(errors[fold], starts, members, out, -count)
                            _move_row(errors[fold], starts, members, into, count)
                            for h in range(count):
                                changed[min(fold, h), max(fold, h)] = fold != h
                        swaps += 1
    return swaps
