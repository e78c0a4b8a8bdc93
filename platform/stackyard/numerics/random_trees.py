"""Trees with random splits on binned features, for all columns of a target at once: the piece that forests and boosting are made of.

Bins are bytes on a grid that is the same for all data, so that a fold's rows are binned once for every fit that they take part in. At a
node some features are drawn, and a threshold of each between the bins of some of its rows; the split that explains most is taken.

Source: Geurts, Ernst and Wehenkel (2006), Extremely randomized trees, Machine Learning 63.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from stackyard.numerics.arrays import Floats, Ints
from stackyard.numerics.compiled import compiled

Bins = npt.NDArray[np.uint8]
BINS = 256
# Log odds end at 13.8; near 0 a bin is 0.04 wide, at the ends 0.3.
EDGE, BEND = 14.0, 2.0
# So many rows of a node say between which bins thresholds are drawn.
LOOKED_AT = 8
# Columns that are summed up side by side.
SEEN = 8
ALL = 2**31 - 1
# Rows that stay in the cache while all splits of a node are tried.
BLOCK = 64
# An explained sum of squares below this share of all is rounding.
ROUNDING = 1e-6


def bins_on_grid(values: Floats) -> Bins:
    """Return log odds (rows, features) as bins (rows, features); equal values share a bin whatever the other rows are.

    >>> bins_on_grid(np.array([[-99.0], [0.0], [99.0]])).tolist()
    [[0], [128], [255]]
    """
    scale = (BINS / 2 - 0.5) / np.arcsinh(np.float32(EDGE / BEND))
    bent = np.arcsinh(np.asarray(values, np.float32) / np.float32(BEND)) * scale + BINS / 2
    return np.asarray(np.clip(bent, 0, BINS - 1), np.uint8)


def bins_by_rank(known: Floats) -> Callable[[Floats], Bins]:
    """Return a function that bins values (rows, features) by their rank among known ones: for values of any scale.

    >>> bins_by_rank(np.array([[1.0], [2.0], [9.0]]))(np.array([[0.0], [2.0], [99.0]])).tolist()
    [[0], [127], [255]]
    """
    edges = np.quantile(known, np.arange(1, BINS) / BINS, axis=0).astype(np.float32)

    def bins_of(values: Floats) -> Bins:
        columns = [np.searchsorted(edge, column) for edge, column in zip(edges.T, np.asarray(values, np.float32).T, strict=True)]
        return np.ascontiguousarray(np.array(columns).astype(np.uint8).T)

    return bins_of


def some_rows(count: int, most: int, random: np.random.Generator) -> Ints:
    """Return at most so many of the row numbers 0 to count - 1, drawn without replacement and in order, int32."""
    rows = np.arange(count) if count <= most else np.sort(random.choice(count, most, replace=False))
    return rows.astype(np.int32)


@dataclass(frozen=True)
class Limits:
    """How far a tree grows."""

    rows_per_leaf: int
    depth: int
    splits: int
    """Random splits tried at a node."""
    judges: int = ALL
    """Where a node has twice so many rows or more, its splits are judged by some of them, evenly spaced: by so many at least."""
    sums: int = ALL
    """Where there are more columns, splits are judged by so many random sums of them, others for each tree.

    Source: Joly, Geurts and Wehenkel (2014), Random Forests with Random Projections of the Output Space for High Dimensional Multi-label
    Classification.
    """


@dataclass(frozen=True)
class Tree:
    """Nodes in the order in which they were made; the root is node 0."""

    feature: Ints
    """What a node splits by; -1 at a leaf."""
    threshold: Bins
    """Rows whose bin is at most this go to the left."""
    child: Ints
    """The left child; the right one is next to it."""
    value: Floats
    """What a leaf says, float32 (nodes, columns)."""

    def add_to(self, sums: Floats, bins: Bins) -> None:
        """Add what the tree says of each row to sums, float32 (rows, columns); bins: (rows, features)."""
        _add(bins, self.feature, self.threshold, self.child, self.value, sums)

    def scaled(self, factor: float) -> Tree:
        """Return the tree with all that it says multiplied."""
        return replace(self, value=self.value * np.float32(factor))


def grow(bins: Bins, targets: Floats, curvature: Floats, limits: Limits, seed: int) -> Tree:
    """Return a tree; a leaf says the sum of its rows' targets over the sum of their curvatures.

    bins: (rows, features). targets: float32 (rows, columns). curvature: float32 (rows, columns), or (0, columns) for means. The same
    arguments give the same tree.
    """
    most = 2 * (len(bins) // limits.rows_per_leaf) + 3
    feature, threshold, child = np.full(most, -1, np.int32), np.zeros(most, np.uint8), np.zeros(most, np.int32)
    value = np.zeros((most, targets.shape[1]), np.float32)
    state = np.array([(seed * 2_654_435_761 + 88_172_645_463_325_252) % 2**64], np.uint64)
    steps = (limits.rows_per_leaf, limits.depth, limits.splits, limits.judges)
    nodes = _grow(bins, targets, _seen(targets, limits.sums, seed), curvature, *steps, state, feature, threshold, child, value)
    return Tree(feature[:nodes], threshold[:nodes], child[:nodes], value[:nodes])


def _seen(targets: Floats, sums: int, seed: int) -> Floats:
    """Return what splits are judged by, float32 (groups, rows, SEEN): the columns, or random sums of them where they are more than `sums`.

    >>> _seen(np.array([[1.0, 2.0]]), 8, 0).tolist()
    [[[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]
    """
    columns = targets.shape[1]
    told = targets if columns <= sums else targets @ np.random.default_rng(seed).standard_normal((columns, sums), np.float32)
    groups = -(-told.shape[1] // SEEN)
    padded = np.zeros((len(told), groups * SEEN), np.float32)
    padded[:, : told.shape[1]] = told
    return np.ascontiguousarray(padded.reshape(len(told), groups, SEEN).transpose(1, 0, 2))


@compiled
def _draw(state: Ints, below: int) -> int:
    """Return a random number from 0 to below - 1 (xorshift: Marsaglia 2003); state is changed."""
    word = state[0]
    word ^= word << np.uint64(13)
    word ^= word >> np.uint64(7)
    word ^= word << np.uint64(17)
    state[0] = word
    return np.int64((word >> np.uint64(11)) % np.uint64(below))  # type: ignore[return-value]  # an int, compiled


@compiled
def _draw_split(bins: Bins, rows: Ints, state: Ints) -> tuple[int, int]:
    """Return a random feature, and a threshold that leaves some of the rows looked at on either side where they differ."""
    feature = _draw(state, bins.shape[1])
    low, high = 255, 0
    for _ in range(LOOKED_AT):
        bin_ = bins[rows[_draw(state, len(rows))], feature]
        low, high = min(low, bin_), max(high, bin_)
    return feature, low + _draw(state, max(1, high - low))


@compiled
def _sum_left(bins: Bins, rows: Ints, seen: Floats, feature: int, threshold: int, sums: Floats) -> int:
    """Add what is seen of the rows at or below the threshold to sums, float32 (SEEN,); return how many they are.

    Named sums stay in registers, and a product instead of a branch is never guessed wrong.
    """
    count = 0
    a, b, c, d, e, f, g, h = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7]
    for i in range(len(rows)):
        is_left = bins[rows[i], feature] <= threshold
        count += is_left
        share = np.float32(is_left)
        a += share * seen[i, 0]
        b += share * seen[i, 1]
        c += share * seen[i, 2]
        d += share * seen[i, 3]
        e += share * seen[i, 4]
        f += share * seen[i, 5]
        g += share * seen[i, 6]
        h += share * seen[i, 7]
    sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7] = a, b, c, d, e, f, g, h
    return count


@compiled
def _try_splits(bins: Bins, rows: Ints, seen: Floats, tried: Ints, left: Floats) -> None:
    """Sum up what lies at or below each threshold: left (splits, groups, SEEN). tried: (splits, 3), feature, threshold, how many rows.

    A block of rows at a time, which stays in the cache for all splits.
    """
    left[:] = 0
    tried[:, 2] = 0
    for first in range(0, len(rows), BLOCK):
        own = rows[first : first + BLOCK]
        for split in range(len(tried)):
            count = 0
            for group in range(len(seen)):
                count = _sum_left(bins, own, seen[group, first : first + BLOCK], tried[split, 0], tried[split, 1], left[split, group])
            tried[split, 2] += count


@compiled
def _explained(left: Floats, total: Floats, count: int, rest: int) -> float:
    """Return the sum of squares that a split explains, over all that is seen: left (groups, SEEN) of count rows, the rest of total."""
    low, high = 0.0, 0.0
    for group in range(len(left)):
        for t in range(SEEN):
            low += left[group, t] * left[group, t]
            high += (total[group, t] - left[group, t]) * (total[group, t] - left[group, t])
    return low / count + high / rest


@compiled
def _partition(bins: Bins, rows: Ints, seen: Floats, feature: int, threshold: int, spare: Ints, spare_seen: Floats) -> int:
    """Put rows at or below the threshold first, with what is seen of them, each side in its order; return how many they are."""
    count, others = 0, 0
    for i in range(len(rows)):
        row = rows[i]
        if bins[row, feature] <= threshold:
            rows[count] = row
            for group in range(len(seen)):
                for t in range(SEEN):
                    seen[group, count, t] = seen[group, i, t]
            count += 1
        else:
            spare[others] = row
            for group in range(len(seen)):
                for t in range(SEEN):
                    spare_seen[group, others, t] = seen[group, i, t]
            others += 1
    rows[count:] = spare[:others]
    seen[:, count:] = spare_seen[:, :others]
    return count


@compiled
def _sum_rows(values: Floats, rows: Ints, total: Floats) -> None:
    total[:] = 0
    for i in range(len(rows)):
        for t in range(len(total)):
            total[t] += values[rows[i], t]


@compiled
def _sum_all(values: Floats, total: Floats) -> None:
    total[:] = 0
    for group in range(len(values)):
        for i in range(values.shape[1]):
            for t in range(SEEN):
                total[group, t] += values[group, i, t]


@compiled
def _grow(
    bins: Bins,
    targets: Floats,
    seen: Floats,
    curvature: Floats,
    rows_per_leaf: int,
    depth: int,
    splits: int,
    most_judges: int,
    state: Ints,
    feature: Ints,
    threshold: Bins,
    child: Ints,
    value: Floats,
) -> int:
    rows = np.arange(len(bins)).astype(np.int32)
    waiting = np.zeros((len(feature), 4), np.int32)  # node, its first row, the row after its last, its depth
    waiting[0, 2] = len(rows)
    spare, spare_seen, total = np.empty_like(rows), np.empty_like(seen), np.empty((len(seen), SEEN))
    tried, left = np.empty((splits, 3), np.int32), np.empty((splits, len(seen), SEEN), np.float32)
    said, weight = np.empty(targets.shape[1]), np.empty(targets.shape[1])
    nodes, open_nodes = 1, 1
    while open_nodes > 0:
        open_nodes -= 1
        node, first, last, level = waiting[open_nodes]
        own, own_seen = rows[first:last], seen[:, first:last]
        best_feature, best_threshold = -1, 0
        if len(own) >= 2 * rows_per_leaf and level < depth:
            for split in range(splits):
                tried[split, 0], tried[split, 1] = _draw_split(bins, own, state)
            step = max(1, len(own) // most_judges)
            judges, judges_seen = own[::step], own_seen[:, ::step]
            _sum_all(judges_seen, total)
            best = (total * total).sum() / len(judges) * (1 + ROUNDING) + 1e-12
            _try_splits(bins, judges, judges_seen, tried, left)
            for split in range(splits):
                count, rest = tried[split, 2], len(judges) - tried[split, 2]
                if min(count, rest) >= rows_per_leaf:
                    explained = _explained(left[split], total, count, rest)
                    if explained > best:
                        best, best_feature, best_threshold = explained, tried[split, 0], tried[split, 1]
        feature[node] = best_feature
        if best_feature < 0:
            weight[:] = len(own)
            if len(curvature) > 0:
                _sum_rows(curvature, own, weight)
                weight += 1.0
            _sum_rows(targets, own, said)
            value[node] = said / weight
            continue
        middle = first + _partition(bins, own, own_seen, best_feature, best_threshold, spare, spare_seen)
        threshold[node], child[node] = best_threshold, nodes
        waiting[open_nodes, 0], waiting[open_nodes, 1], waiting[open_nodes, 2], waiting[open_nodes, 3] = nodes, first, middle, level + 1
        open_nodes += 1
        waiting[open_nodes, 0], waiting[open_nodes, 1], waiting[open_nodes, 2], waiting[open_nodes, 3] = nodes + 1, middle, last, level + 1
        open_nodes += 1
        nodes += 2
    return nodes


@compiled
def _add(bins: Bins, feature: Ints, threshold: Bins, child: Ints, value: Floats, sums: Floats) -> None:
    for row in range(len(bins)):
        node = 0
        while feature[node] >= 0:
            node = child[node] + (1 if bins[row, feature[node]] > threshold[node] else 0)
        for t in range(sums.shape[1]):
            sums[row, t] += value[node, t]
