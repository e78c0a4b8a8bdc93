"""The best label sets of many rows: in float32 first, in float64 where that leaves a doubt, on all cores."""

from __future__ import annotations

from functools import cache

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints
from stackyard.numerics.expected_fbeta_float32 import BLOCK_ROWS, LABELS, label_sets_float32
from stackyard.numerics.expected_fbeta_float64 import exact_label_sets
from stackyard.numerics.threads import cores, on_all_cores

# Rows that one thread takes at a time, at most: long enough that starting does not count.
SHARE_ROWS = 8192


def best_label_sets(probabilities: Floats, squared_beta: float, zero_division: float) -> Bools:
    """Return the sets as bool (n, L) for probabilities (n, L), C order; the same whatever the number of threads."""
    n, labels = probabilities.shape
    if not 0 < labels <= LABELS or zero_division > 1:
        return exact_label_sets(probabilities, squared_beta, zero_division)
    chosen, sure, network = np.empty((n, labels), np.bool_), np.empty(n, np.bool_), _sorting_network(labels)

    share = _share_rows(n, cores())

    def decide(start: int) -> None:
        rows = slice(start, start + share)
        label_sets_float32(probabilities[rows], network, squared_beta, zero_division, chosen[rows], sure[rows])

    on_all_cores(decide, range(0, n, share))
    doubtful = np.flatnonzero(~sure)
    if len(doubtful):
        chosen[doubtful] = exact_label_sets(probabilities[doubtful], squared_beta, zero_division)
    return chosen


def _share_rows(rows: int, threads: int) -> int:
    """Return how many rows make a share, whole blocks, so that every thread has as many shares.

    >>> [_share_rows(rows, 2) for rows in (100, 10_000, 61_191)]
    [8192, 5120, 7680]
    """
    if rows <= SHARE_ROWS:
        return SHARE_ROWS
    rounds = -(-rows // (threads * SHARE_ROWS))
    return -(-rows // (threads * rounds * BLOCK_ROWS)) * BLOCK_ROWS


@cache
def _sorting_network(count: int) -> Ints:
    """Return pairs (i, j), i < j, whose comparison one after the other sorts `count` values, shape (pairs, 2).

    Source: Batcher (1968), Sorting Networks and their Applications: odd-even merging of runs of 1, 2, 4, …
    """
    pairs = []
    run = 1
    while run < count:
        step = run
        while step:
            for first in range(step % run, count - step, 2 * step):
                pairs += [(i, i + step) for i in range(first, min(first + step, count - step)) if i // (2 * run) == (i + step) // (2 * run)]
            step //= 2
        run *= 2
    return np.array(pairs, np.int64).reshape(-1, 2)
