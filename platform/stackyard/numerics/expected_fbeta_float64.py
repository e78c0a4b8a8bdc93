"""The label set with the greatest expected F-beta, row by row, under independent labels. Compiled; reached through expected_fbeta.py.

Of all sets of k labels the k likeliest are the best, so L + 1 sets compete. With TP and FN the Poisson-binomial counts of true
labels inside and outside the set, E_k = sum over a, f of P(TP=a) P(FN=f) (1+b2) a / (k + b2 (a+f)).
Source: Ye, Chai, Lee and Chieu (2012), Optimizing F-measure: A Tale of Two Approaches, ICML, here for any beta: the work of a row
grows with L**3 / 6, all terms are positive and nothing is divided, so that float64 keeps 15 digits.
Rows are worked on in blocks with the row innermost, which the compiler turns into vector instructions.
"""

from __future__ import annotations

import numba
import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints

BLOCK_ROWS = 64


@numba.njit(cache=True, nogil=True)
def _sort_columns_down(values: Floats) -> None:
    """Sort each column of (L, rows) in descending order: L rounds of neighbours compared and swapped, all columns in step."""
    for first in range(len(values)):
        for j in range(first & 1, len(values) - 1, 2):
            for r in range(BLOCK_ROWS):
                upper, lower = values[j, r], values[j + 1, r]
                values[j, r] = max(upper, lower)
                values[j + 1, r] = min(upper, lower)


@numba.njit(cache=True, nogil=True)
def _add_label(counts: Floats, size: int, probabilities: Floats, out: Floats) -> None:
    """Write the distribution of the count among size + 1 labels, (size + 2, rows), given that among `size` of them."""
    for r in range(BLOCK_ROWS):
        out[0, r] = counts[0, r] * (1.0 - probabilities[r])
        out[size + 1, r] = counts[size, r] * probabilities[r]
    for a in range(1, size + 1):
        for r in range(BLOCK_ROWS):
            out[a, r] = counts[a - 1, r] * probabilities[r] + counts[a, r] * (1.0 - probabilities[r])


@numba.njit(cache=True, nogil=True)
def _expect_gains(outside: Floats, missing: int, gains: Floats, out: Floats) -> None:
    """Write sum over f of P(FN=f) gains[f] for each row; four terms a sweep spare most loads and stores."""
    out[:] = 0.0
    whole = (missing + 1) // 4 * 4
    for f in range(0, whole, 4):
        g0, g1, g2, g3 = gains[f], gains[f + 1], gains[f + 2], gains[f + 3]
        for r in range(BLOCK_ROWS):
            out[r] += (outside[f, r] * g0 + outside[f + 1, r] * g1) + (outside[f + 2, r] * g2 + outside[f + 3, r] * g3)
    for f in range(whole, missing + 1):
        for r in range(BLOCK_ROWS):
            out[r] += outside[f, r] * gains[f]


@numba.njit(cache=True, nogil=True)
def _best_sizes(likeliest: Floats, gains: Floats, zero_division: float, counts: Floats, best: Floats) -> Ints:
    """Return the best number of labels for each row of one block; the smallest of equally good ones.

    likeliest: (L, rows), sorted down. gains: (L + 1, L + 1), [k, t] what each hit scores with k labels predicted and t true.
    counts: (2, L + 1, L + 1, rows), room for the distributions of true labels within and beyond the k likeliest.
    best: (rows,), where the greatest expectation is left.
    """
    labels = len(likeliest)
    inside, outside = counts[0], counts[1]
    sizes = np.zeros(BLOCK_ROWS, np.int64)
    expected, inner = np.empty(BLOCK_ROWS), np.empty(BLOCK_ROWS)
    inside[0, 0, :] = 1.0
    outside[labels, 0, :] = 1.0
    for k in range(labels):
        _add_label(inside[k], k, likeliest[k], inside[k + 1])
        _add_label(outside[labels - k], k, likeliest[labels - k - 1], outside[labels - k - 1])
    best[:] = zero_division
    best *= outside[0, 0]
    for k in range(1, labels + 1):
        expected[:] = 0.0
        for a in range(1, k + 1):
            _expect_gains(outside[k], labels - k, gains[k, a:], inner)
            for r in range(BLOCK_ROWS):
                expected[r] += inside[k, a, r] * inner[r] * a
        for r in range(BLOCK_ROWS):
            sizes[r] = k if expected[r] > best[r] else sizes[r]
            best[r] = max(best[r], expected[r])
    return sizes


@numba.njit(cache=True, nogil=True)
def _take_likeliest(probabilities: Floats, size: int, lowest: float, out: Bools) -> None:
    """Mark `size` labels: all above the lowest probability taken, and of those equal to it the first ones."""
    ties = size
    for p in probabilities:
        ties -= p > lowest
    for j in range(len(probabilities)):
        if probabilities[j] > lowest:
            out[j] = True
        elif probabilities[j] == lowest and ties > 0:
            out[j] = True
            ties -= 1


@numba.njit(cache=True, nogil=True)
def exact_label_sets(probabilities: Floats, squared_beta: float, zero_division: float) -> Bools:
    """Return the sets as bool (n, L) for probabilities (n, L), C order; it shares nothing, so threads may call it side by side."""
    n, labels = probabilities.shape
    chosen = np.zeros((n, labels), np.bool_)
    gains = np.zeros((labels + 1, labels + 1))
    for k in range(1, labels + 1):
        for t in range(labels + 1):
            gains[k, t] = (1.0 + squared_beta) / (k + squared_beta * t)
    likeliest, best = np.zeros((labels, BLOCK_ROWS)), np.zeros(BLOCK_ROWS)
    counts = np.zeros((2, labels + 1, labels + 1, BLOCK_ROWS))
    for start in range(0, n, BLOCK_ROWS):
        rows = min(BLOCK_ROWS, n - start)
        for r in range(rows):
            for j in range(labels):
                likeliest[j, r] = min(max(probabilities[start + r, j], 0.0), 1.0)
        _sort_columns_down(likeliest)
        sizes = _best_sizes(likeliest, gains, zero_division, counts, best)
        for r in range(rows):
            if sizes[r]:
                _take_likeliest(probabilities[start + r], sizes[r], likeliest[sizes[r] - 1, r], chosen[start + r])
    return chosen
