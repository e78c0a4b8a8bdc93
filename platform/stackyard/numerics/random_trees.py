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
# An explained sum of squares below this share of all is rounding.
ROUNDING = 1e-6


def bins_on_grid(values: Floats) -> Bins:
    """Return log odds (rows, features) as bins (features, rows), C order; equal values share a bin whatever the other rows are.

    >>> bins_on_grid(np.array([[-99.0], [0.0], [99.0]])).tolist()
    [[0, 128, 255]]
    """
    scale = (BINS / 2 - 0.5) / np.arcsinh(np.float32(EDGE / BEND))
    bent = np.arcsinh(np.asarray(values, np.float32) / np.float32(BEND)) * scale + BINS / 2
    return np.ascontiguousarray(np.clip(bent, 0, BINS - 1).astype(np.uint8).T)


def bins_by_rank(known: Floats) -> Callable[[Floats], Bins]:
    """Return a function that bins values (rows, features) by their rank among known ones, (features, rows): for values of any scale.

    >>> bins_by_rank(np.array([[1.0], [2.0], [9.0]]))(np.array([[0.0], [2.0], [99.0]])).tolist()
    [[0, 127, 255]]
    """
    edges = np.quantile(known, np.arange(1, BINS) / BINS, axis=0).astype(np.float32)

    def bins_of(values: Floats) -> Bins:
        columns = [np.searchsorted(edge, column) for edge, column in zip(edges.T, np.asarray(values, np.float32).T, strict=True)]
        return np.array(columns).astype(np.uint8)

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
        """Add what the tree says of each row to sums, float32 (rows, columns); bins: (features, rows)."""
        _add(bins, self.feature, self.threshold, self.child, self.value, sums)

    def scaled(self, factor: float) -> Tree:
        """Return the tree with all that it says multiplied."""
        return replace(self, value=self.value * np.float32(factor))


def grow(bins: Bins, rows: Ints, targets: Floats, curvature: Floats, limits: Limits, seed: int) -> Tree:
    """Return a tree grown on some rows; a leaf says the sum of its targets over the sum of its curvatures.

    bins: (features, n). rows: int32, which of the n, in order; they are put into another order. targets: float32 (n, columns).
    curvature: float32 (n, columns), or (0, columns) for means. The same arguments give the same tree.
    """
    most = 2 * (len(rows) // limits.rows_per_leaf) + 3
    feature, threshold, child = np.full(most, -1, np.int32), np.zeros(most, np.uint8), np.zeros(most, np.int32)
    value = np.zeros((most, targets.shape[1]), np.float32)
    state = np.array([(seed * 2_654_435_761 + 88_172_645_463_325_252) % 2**64], np.uint64)
    nodes = _grow(
        bins, rows, targets, curvature, limits.rows_per_leaf, limits.depth, limits.splits, state, feature, threshold, child, value
    )
    return Tree(feature[:nodes], threshold[:nodes], child[:nodes], value[:nodes])


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
    feature = _draw(state, len(bins))
    low, high = 255, 0
    for _ in range(LOOKED_AT):
        bin_ = bins[feature, rows[_draw(state, len(rows))]]
        low, high = min(low, bin_), max(high, bin_)
    return feature, low + _draw(state, max(1, high - low))


@compiled
def _explained(bins: Bins, rows: Ints, targets: Floats, total: Floats, threshold: int, rows_per_leaf: int, left: Floats) -> float:
    """Return the sum of squares that the split explains, over all columns; -1 where a side has too few rows. left: (columns,), scratch."""
    left[:] = 0
    count = 0
    for i in range(len(rows)):
        row = rows[i]
        if bins[row] <= threshold:
            count += 1
            for t in range(len(left)):
                left[t] += targets[row, t]
    rest = len(rows) - count
    if count < rows_per_leaf or rest < rows_per_leaf:
        return -1.0
    explained = 0.0
    for t in range(len(left)):
        explained += left[t] * left[t] / count + (total[t] - left[t]) * (total[t] - left[t]) / rest
    return explained


@compiled
def _partition(bins: Bins, rows: Ints, threshold: int, spare: Ints) -> int:
    """Put rows at or below the threshold first, each side in its order, and return how many they are."""
    count, others = 0, 0
    for i in range(len(rows)):
        row = rows[i]
        if bins[row] <= threshold:
            rows[count] = row
            count += 1
        else:
            spare[others] = row
            others += 1
    rows[count:] = spare[:others]
    return count


@compiled
def _sum_rows(values: Floats, rows: Ints, total: Floats) -> None:
    total[:] = 0
    for i in range(len(rows)):
        for t in range(len(total)):
            total[t] += values[rows[i], t]


@compiled
def _grow(
    bins: Bins,
    rows: Ints,
    targets: Floats,
    curvature: Floats,
    rows_per_leaf: int,
    depth: int,
    splits: int,
    state: Ints,
    feature: Ints,
    threshold: Bins,
    child: Ints,
    value: Floats,
) -> int:
    columns = targets.shape[1]
    waiting = np.zeros((len(feature), 4), np.int32)  # node, its first row, the row after its last, its depth
    waiting[0, 2] = len(rows)
    spare, total, left, weight = np.empty_like(rows), np.empty(columns), np.empty(columns, np.float32), np.empty(columns)
    nodes, open_nodes = 1, 1
    while open_nodes > 0:
        open_nodes -= 1
        node, first, last, level = waiting[open_nodes]
        own = rows[first:last]
        _sum_rows(targets, own, total)
        best, best_feature, best_threshold = (total * total).sum() / len(own) * (1 + ROUNDING) + 1e-12, -1, 0
        if len(own) >= 2 * rows_per_leaf and level < depth:
            for _ in range(splits):
                tried, at = _draw_split(bins, own, state)
                explained = _explained(bins[tried], own, targets, total, at, rows_per_leaf, left)
                if explained > best:
                    best, best_feature, best_threshold = explained, tried, at
        feature[node] = best_feature
        if best_feature < 0:
            weight[:] = len(own)
            if len(curvature) > 0:
                _sum_rows(curvature, own, weight)
                weight += 1.0
            value[node] = total / weight
            continue
        middle = first + _partition(bins[best_feature], own, best_threshold, spare)
        threshold[node], child[node] = best_threshold, nodes
        waiting[open_nodes, 0], waiting[open_nodes, 1], waiting[open_nodes, 2], waiting[open_nodes, 3] = nodes, first, middle, level + 1
        open_nodes += 1
        waiting[open_nodes, 0], waiting[open_nodes, 1], waiting[open_nodes, 2], waiting[open_nodes, 3] = nodes + 1, middle, last, level + 1
        open_nodes += 1
        nodes += 2
    return nodes


@compiled
def _add(bins: Bins, feature: Ints, threshold: Bins, child: Ints, value: Floats, sums: Floats) -> None:
    for row in range(bins.shape[1]):
        node = 0
        while feature[node] >= 0:
            node = child[node] + (1 if bins[feature[node], row] > threshold[node] else 0)
        for t in range(sums.shape[1]):
            sums[row, t] += value[node, t]
