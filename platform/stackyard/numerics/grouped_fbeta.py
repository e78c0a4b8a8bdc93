"""The label set with the greatest expected F-beta, row by row, where label groups make labels depend on one another. Compiled.

For any joint distribution the best set of k labels holds the k labels with the greatest D[i, k] = sum over t of P(label i is true and
t are true in all) (1+b2) / (k + b2 t), so L + 1 sets compete.
Source: Dembczynski, Waegeman, Cheng and Hullermeier (2011), An Exact Algorithm for F-Measure Maximization, NIPS.
A row is a mixture of states (see label_groups.py) in each of which labels are independent, so its D is the sum of theirs. States that
leave the same labels possible share their Poisson-binomial counts. D[i, k] is an expectation over the other labels: distributions of
the labels before i, expected scores given the labels from i + 1 on; all terms are positive and nothing is divided.
"""

from __future__ import annotations

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints
from stackyard.numerics.compiled import compiled
from stackyard.numerics.label_groups import States, free_chances, state_chances

BLOCK_ROWS = 32
"""Worked on side by side, the row innermost, which the compiler turns into vector instructions; what they need fits the cache."""


def best_grouped_sets(probabilities: Floats, states: States, squared_beta: float, zero_division: float) -> Bools:
    """Return the sets as bool (n, L) for probabilities (n, L); of equally good sets the smaller, then the earlier labels."""
    chances = state_chances(probabilities, states)
    patterns, pattern_of = np.unique(states.blocked[:, states.free], axis=0, return_inverse=True)
    labels = probabilities.shape[1]
    sizes = np.arange(labels + 1.0)
    # [k, t]: what each hit scores with k labels predicted and t true; the empty set scores at t = 0 only
    gains = np.divide(1.0 + squared_beta, sizes[:, None] + squared_beta * sizes, out=np.zeros((labels + 1,) * 2), where=sizes[:, None] > 0)
    gains[0, 0] = zero_division
    return _best_sets(
        chances,
        free_chances(probabilities, states, chances)[:, states.free],
        np.array(states.free, np.int64),
        np.array(states.bound, np.int64),
        states.true,
        ~patterns,
        pattern_of.astype(np.int64),
        gains,
    )


@compiled
def _count_before(cells: Floats, possible: Ints, most: int, before: Floats) -> None:
    """Write before[i + 1], the distribution of how many are true of the bound labels and the first i + 1 possible ones, (count, rows).

    cells: (labels, rows). before[0]: that of the bound labels alone, of which at most `most` are true.
    """
    for i in range(len(possible)):
        p = cells[possible[i]]
        for r in range(BLOCK_ROWS):
            before[i + 1, 0, r] = before[i, 0, r] * (1.0 - p[r])
            before[i + 1, most + i + 1, r] = before[i, most + i, r] * p[r]
        for t in range(1, most + i + 1):
            for r in range(BLOCK_ROWS):
                before[i + 1, t, r] = before[i, t, r] * (1.0 - p[r]) + before[i, t - 1, r] * p[r]


@compiled
def _expect(
    cells: Floats, possible: Ints, columns: Ints, most: int, before: Floats, gains: Floats, after: Floats, expected: Floats
) -> None:
    """Add D for one size to expected, (L, rows), and leave in after, (count, rows), what a hit is worth given the bound labels' count.

    gains: (count,), what a hit scores with so many true. columns: where among the L labels the possible ones stand.
    """
    for t in range(len(gains)):
        after[t, :] = gains[t]
    for i in range(len(possible) - 1, -1, -1):
        p, out = cells[possible[i]], expected[columns[possible[i]]]
        for t in range(most + i + 1):
            for r in range(BLOCK_ROWS):
                with_it = after[t + 1, r] * p[r]
                out[r] += before[i, t, r] * with_it
                after[t, r] = after[t, r] * (1.0 - p[r]) + with_it


@compiled
def _take_best(expected: Floats, empty: float, out: Bools) -> None:
    """Mark the best set of one row. expected: D, (L + 1, L), a size a line. empty: what no label at all is worth."""
    labels = expected.shape[1]
    order, best_order = np.arange(labels), np.arange(labels)
    best, size = empty, 0
    for k in range(1, labels + 1):
        # from size to size the order hardly changes
        for i in range(1, labels):
            label, place = order[i], i
            while place > 0 and expected[k, order[place - 1]] < expected[k, label]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = label
        value = 0.0
        for i in range(k):
            value += expected[k, order[i]]
        if value > best:
            best, size = value, k
            best_order[:] = order
    for i in range(size):
        out[best_order[i]] = True


@compiled
def _add_pattern(
    chances: Floats, cells: Floats, free: Ints, bound: Ints, true: Bools, states: Ints, possible: Ints, gains: Floats, expected: Floats
) -> None:
    """Add to expected, (L + 1, L, rows), what the states of one pattern give; on line 0, place 0, what the empty set is worth.

    chances: (states, rows). cells: (free labels, rows). states: those of the pattern. possible: the free labels that it leaves possible.
    """
    width = len(gains)
    counts = true.sum(axis=1)
    most = counts[states].max()
    before, after = np.zeros((len(possible) + 1, width + 1, BLOCK_ROWS)), np.empty((width, BLOCK_ROWS))
    for state in states:
        before[0, counts[state]] += chances[state]
    _count_before(cells, possible, most, before)
    for k in range(width):
        _expect(cells, possible, free, most, before, gains[k], after, expected[k])
        for state in states:
            for j in range(len(bound)):
                if true[state, j]:
                    expected[k, bound[j]] += chances[state] * after[counts[state]]
            if k == 0 and counts[state] == 0:
                expected[0, 0] += chances[state] * after[0]


@compiled
def _best_sets(
    chances: Floats, cells: Floats, free: Ints, bound: Ints, true: Bools, patterns: Bools, pattern_of: Ints, gains: Floats
) -> Bools:
    """Return the sets of all rows; chances: (n, states), cells: (n, free labels), patterns: which of these each leaves possible."""
    rows, width = len(chances), len(gains)
    chosen = np.zeros((rows, width - 1), np.bool_)
    row_chances, row_cells = np.zeros((len(true), BLOCK_ROWS)), np.zeros((len(free), BLOCK_ROWS))
    for start in range(0, rows, BLOCK_ROWS):
        here = min(BLOCK_ROWS, rows - start)
        row_chances[:, :here] = chances[start : start + here].T
        row_cells[:, :here] = cells[start : start + here].T
        expected = np.zeros((width, width - 1, BLOCK_ROWS))
        for pattern in range(len(patterns)):
            states, possible = np.flatnonzero(pattern_of == pattern), np.flatnonzero(patterns[pattern])
            _add_pattern(row_chances, row_cells, free, bound, true, states, possible, gains, expected)
        for r in range(here):
            _take_best(expected[:, :, r].copy(), expected[0, 0, r], chosen[start + r])
    return chosen
