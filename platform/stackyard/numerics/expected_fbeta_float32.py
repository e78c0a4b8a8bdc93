"""The search of expected_fbeta_float64.py in float32, several times faster; it says of which rows it is not sure.

Every shortcut has a bound, and together they stay below MARGIN: a row whose two best sizes are nearer than that is left to float64.

- Rounding: all terms are positive, and a value passes some 3 roundings a label and 2 a sum, at 6e-8 each: 1e-5 for LABELS labels.
- Chances of many missed labels that are below NEGLIGIBLE throughout a block are dropped: LABELS times that at most.
- Larger sets are not tried once they cannot win: with t labels true at most t are hit, so E_k <= sum over t of P(t) (1+b2) t / (k + b2 t),
  which falls with k.
"""

from __future__ import annotations

import numba
import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints

# Every loop over rows is one run of vector instructions; 256 rows make up for what it costs to begin one.
BLOCK_ROWS = 256
LABELS = 32
NEGLIGIBLE = np.float32(1e-7)
MARGIN = np.float32(3e-5)

Room = tuple[Floats, Ints, Floats, Floats, Floats, Floats, Floats, Floats, Floats]
"""missed (L + 1, L + 2, rows) and where each ends (L + 1,), hits (2, L + 2, rows); by row: sizes, best, second, and three to work in."""

# A product and a sum may be one instruction with one rounding.
_compiled = numba.njit(cache=True, nogil=True, fastmath={"contract"})


@_compiled
def _read_block(probabilities: Floats, start: int, rows: int, out: Floats) -> None:
    """Write the block's rows as columns, (L, rows); what is left of an earlier block beyond its rows does no harm."""
    zero, one = np.float32(0.0), np.float32(1.0)
    for r in range(rows):
        row = probabilities[start + r]
        for j in range(len(row)):
            out[j, r] = min(max(np.float32(row[j]), zero), one)


@_compiled
def _sort_columns_down(values: Floats, network: Ints) -> None:
    """Sort each column of (L, rows) in descending order by comparing and swapping these pairs of rows."""
    for c in range(len(network)):
        upper, lower = values[network[c, 0]], values[network[c, 1]]
        for r in range(BLOCK_ROWS):
            a, b = upper[r], lower[r]
            upper[r] = max(a, b)
            lower[r] = min(a, b)


@_compiled
def _add_label(counts: Floats, size: int, chances: Floats, out: Floats) -> None:
    """Write the distribution of the count among size + 1 labels, (size + 2, rows), given that among `size` of them."""
    one = np.float32(1.0)
    for r in range(BLOCK_ROWS):
        out[0, r] = counts[0, r] * (one - chances[r])
    for a in range(1, size + 1):
        here, same, fewer = out[a], counts[a], counts[a - 1]
        for r in range(BLOCK_ROWS):
            here[r] = fewer[r] * chances[r] + same[r] * (one - chances[r])
    for r in range(BLOCK_ROWS):
        out[size + 1, r] = counts[size, r] * chances[r]


@_compiled
def _count_above(values: Floats, bound: np.float32) -> int:
    count = 0
    for r in range(BLOCK_ROWS):
        count += values[r] > bound
    return count


@_compiled
def _expect(chances: Floats, last: int, gains: Floats, out: Floats) -> None:
    """Write sum over f = 0..last of chances[f] gains[f] for each row; four terms a sweep spare most loads and stores."""
    f = 0
    if last >= 3:
        c0, c1, c2, c3 = chances[0], chances[1], chances[2], chances[3]
        g0, g1, g2, g3 = gains[0], gains[1], gains[2], gains[3]
        for r in range(BLOCK_ROWS):
            out[r] = (c0[r] * g0 + c1[r] * g1) + (c2[r] * g2 + c3[r] * g3)
        f = 4
    else:
        out[:] = np.float32(0.0)
    while f + 3 <= last:
        c0, c1, c2, c3 = chances[f], chances[f + 1], chances[f + 2], chances[f + 3]
        g0, g1, g2, g3 = gains[f], gains[f + 1], gains[f + 2], gains[f + 3]
        for r in range(BLOCK_ROWS):
            out[r] += (c0[r] * g0 + c1[r] * g1) + (c2[r] * g2 + c3[r] * g3)
        f += 4
    if f + 1 <= last:
        c0, c1, g0, g1 = chances[f], chances[f + 1], gains[f], gains[f + 1]
        for r in range(BLOCK_ROWS):
            out[r] += c0[r] * g0 + c1[r] * g1
        f += 2
    if f <= last:
        c0, g0 = chances[f], gains[f]
        for r in range(BLOCK_ROWS):
            out[r] += c0[r] * g0


@_compiled
def _expect_two(chances: Floats, last: int, gains: Floats, out: Floats, next_out: Floats) -> None:
    """Write what _expect does for gains and for gains[1:]: every chance is read once for both."""
    out[:], next_out[:] = np.float32(0.0), np.float32(0.0)
    f = 0
    while f + 3 <= last:
        c0, c1, c2, c3 = chances[f], chances[f + 1], chances[f + 2], chances[f + 3]
        g0, g1, g2, g3, g4 = gains[f], gains[f + 1], gains[f + 2], gains[f + 3], gains[f + 4]
        for r in range(BLOCK_ROWS):
            a, b, c, d = c0[r], c1[r], c2[r], c3[r]
            out[r] += (a * g0 + b * g1) + (c * g2 + d * g3)
            next_out[r] += (a * g1 + b * g2) + (c * g3 + d * g4)
        f += 4
    if f + 1 <= last:
        c0, c1, g0, g1, g2 = chances[f], chances[f + 1], gains[f], gains[f + 1], gains[f + 2]
        for r in range(BLOCK_ROWS):
            a, b = c0[r], c1[r]
            out[r] += a * g0 + b * g1
            next_out[r] += a * g1 + b * g2
        f += 2
    if f <= last:
        c0, g0, g1 = chances[f], gains[f], gains[f + 1]
        for r in range(BLOCK_ROWS):
            a = c0[r]
            out[r] += a * g0
            next_out[r] += a * g1


@_compiled
def _count_missed(likeliest: Floats, missed: Floats, lasts: Ints) -> None:
    """Write the distributions of true labels beyond the k likeliest, missed[k, 0..lasts[k]], for k = L down to 0."""
    labels = len(likeliest)
    missed[labels, 0, :] = np.float32(1.0)
    lasts[labels] = 0
    for k in range(labels - 1, -1, -1):
        last = lasts[k + 1]
        _add_label(missed[k + 1], last, likeliest[k], missed[k])
        lasts[k] = last + 1 if _count_above(missed[k, last + 1], NEGLIGIBLE) else last


@_compiled
def _expect_hits(hits: Floats, size: int, missed: Floats, last: int, gains: Floats, out: Floats, inner: Floats, next_inner: Floats) -> None:
    """Write the expected F-beta of the `size` likeliest labels; hits: the distribution of true ones among them, (size + 1, rows)."""
    out[:] = np.float32(0.0)
    for a in range(1, size, 2):
        _expect_two(missed, last, gains[a:], inner, next_inner)
        chances, times, next_chances, next_times = hits[a], np.float32(a), hits[a + 1], np.float32(a + 1)
        for r in range(BLOCK_ROWS):
            out[r] += chances[r] * inner[r] * times + next_chances[r] * next_inner[r] * next_times
    if size % 2:
        _expect(missed, last, gains[size:], inner)
        chances, times = hits[size], np.float32(size)
        for r in range(BLOCK_ROWS):
            out[r] += chances[r] * inner[r] * times


@_compiled
def _best_sizes(likeliest: Floats, gains: Floats, zero_division: np.float32, room: Room) -> None:
    """Leave in the room the best number of labels of each row, its expectation, and that of the second best number.

    likeliest: (L, rows), sorted down. gains: (2, L + 2, L + 2), [0, k, t] as in expected_fbeta_float64.py, [1, k, t] t times that.
    """
    missed, lasts, hits, sizes, best, second, expected, inner, next_inner = room
    labels = len(likeliest)
    _count_missed(likeliest, missed, lasts)
    for r in range(BLOCK_ROWS):
        sizes[r] = np.float32(0.0)
        best[r] = missed[0, 0, r] * zero_division
        second[r] = np.float32(-1.0)
    hits[0, 0, :] = np.float32(1.0)
    for k in range(1, labels + 1):
        here = hits[k & 1]
        _add_label(hits[1 - (k & 1)], k - 1, likeliest[k - 1], here)
        _expect_hits(here, k, missed[k], lasts[k], gains[0, k], expected, inner, next_inner)
        for r in range(BLOCK_ROWS):
            value, before = expected[r], best[r]
            second[r] = max(second[r], min(value, before))
            sizes[r] = np.float32(k) if value > before else sizes[r]
            best[r] = max(value, before)
        if k < labels:
            _expect(missed[0], lasts[0], gains[1, k + 1], inner)
            for r in range(BLOCK_ROWS):
                inner[r] -= best[r]
            if _count_above(inner, -MARGIN) == 0:
                break


@_compiled
def _write_sets(probabilities: Floats, start: int, rows: int, likeliest: Floats, room: Room, out: Bools, sure: Bools) -> None:
    """Mark the labels that are not below the least likely one taken; where the next one is as likely, that is a tie."""
    sizes, best, second = room[3], room[4], room[5]
    labels = len(likeliest)
    for r in range(rows):
        row, marks, size = probabilities[start + r], out[start + r], int(sizes[r])
        lowest = likeliest[size - 1, r] if size else np.float32(2.0)
        for j in range(labels):
            marks[j] = np.float32(row[j]) >= lowest
        tied = size < labels and likeliest[size, r] == lowest
        sure[start + r] = not tied and best[r] - second[r] > MARGIN


@_compiled
def _make_room(labels: int) -> Room:
    """Return arrays of their own: the compiler makes faster loops of them than of parts of one."""
    rows = np.zeros(BLOCK_ROWS, np.float32)
    missed, hits = np.empty((labels + 1, labels + 2, BLOCK_ROWS), np.float32), np.empty((2, labels + 2, BLOCK_ROWS), np.float32)
    return missed, np.zeros(labels + 1, np.int64), hits, rows, rows.copy(), rows.copy(), rows.copy(), rows.copy(), rows.copy()


@_compiled
def label_sets_float32(probabilities: Floats, network: Ints, squared_beta: float, zero_division: float, out: Bools, sure: Bools) -> None:
    """Write the sets (n, L) of probabilities (n, L), at most LABELS labels, and which rows they are sure to be right for, (n,).

    network: (pairs, 2), the comparisons of a sorting network. It shares nothing, so threads may call it side by side.
    """
    n, labels = probabilities.shape
    gains = np.zeros((2, labels + 2, labels + 2), np.float32)
    for k in range(1, labels + 1):
        for t in range(labels + 1):
            gains[0, k, t] = (1.0 + squared_beta) / (k + squared_beta * t)
            gains[1, k, t] = gains[0, k, t] * t
    likeliest, room = np.zeros((labels, BLOCK_ROWS), np.float32), _make_room(labels)
    for start in range(0, n, BLOCK_ROWS):
        rows = min(BLOCK_ROWS, n - start)
        _read_block(probabilities, start, rows, likeliest)
        _sort_columns_down(likeliest, network)
        _best_sizes(likeliest, gains, np.float32(zero_division), room)
        _write_sets(probabilities, start, rows, likeliest, room, out, sure)
