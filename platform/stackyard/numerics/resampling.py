"""A score on rows drawn anew with replacement, again and again: how much of it is owed to which rows happened to come.

Draws depend on the seed and the number of rows alone, so that resample i of every model judges the same rows: differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from stackyard.errors import MetricUndefined
from stackyard.numerics.arrays import Bools, Floats, Ints, Numbers
from stackyard.numerics.compiled import compiled
from stackyard.numerics.metrics import Metric, matched
from stackyard.numerics.probability_metrics import cells_of_areas

RESAMPLES = 1000
BLOCK_BYTES = 1 << 23


def resampled_scores(
    metric: Metric,
    truth: Numbers,
    judged: Numbers,
    options: Mapping[str, Any] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Floats:
    """Return the metric on each resample of the rows, float64 (resamples,), NaN where it is undefined there.

    truth: (n,) or (n, L). judged: what the metric judges, one entry a row: probabilities, values, or labels as they were decided. A
    decision is not fitted anew: what varies is which rows judge it.
    Means over rows take a matrix product with how often each row was drawn, areas under the curve one sort in all, any other metric is
    computed on each resample.
    Raises ShapeMismatch, and MetricUndefined where there are no rows.
    Source: Efron (1979), Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 7.

    >>> from stackyard.numerics.metrics import METRICS
    >>> values = resampled_scores(METRICS["mae_loss"], np.zeros(4), np.array([0.0, 1.0, 2.0, 3.0]), resamples=200)
    >>> bool(abs(values.mean() - 1.5) < 0.2), bool(0.4 < values.std() < 0.7)
    (True, True)
    """
    truth, judged = matched(truth, judged)
    own_way = RESAMPLERS.get(metric.name)
    score_block = own_way(truth, judged) if own_way else _by_rows(metric, truth, judged, options or {})
    return np.concatenate([score_block(counts) for counts in drawn_counts(len(truth), resamples, seed)])


def drawn_counts(rows: int, resamples: int, seed: int = 0) -> Iterator[Floats]:
    """Yield how often each row is drawn, float64 (a block of resamples, rows); each resample draws as many rows as there are.

    >>> [counts.sum(axis=1).tolist() for counts in drawn_counts(5, 2)]
    [[5.0, 5.0]]
    """
    block = max(1, BLOCK_BYTES // (8 * rows))
    for first in range(0, resamples, block):
        counts = np.zeros((min(block, resamples - first), rows))
        draw_into(counts, np.uint64(seed), first)
        yield counts


@compiled
def draw_into(counts: Floats, seed: np.uint64, first: int) -> None:
    """Count the draws of resamples first, first + 1, ..., into zeros (resamples, rows).

    Source: Steele, Lea and Flood (2014), Fast Splittable Pseudorandom Number Generators, OOPSLA: SplitMix64. Its upper and its lower half
    draw one row each; a row's chance is off by less than rows / 2^32.
    """
    rows = np.uint64(counts.shape[1])
    half = np.uint64(32)
    for resample in range(counts.shape[0]):
        state = np.uint64(first + resample) * np.uint64(0xD1B54A32D192ED03) + seed * np.uint64(0x8CB92BA72F3D8DD7)
        line = counts[resample]
        for drawn in range(0, counts.shape[1], 2):
            state += np.uint64(0x9E3779B97F4A7C15)
            mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(31)
            line[((mixed >> half) * rows) >> half] += 1.0
            if drawn + 1 < counts.shape[1]:
                line[((mixed & np.uint64(0xFFFFFFFF)) * rows) >> half] += 1.0


def _by_rows(metric: Metric, truth: Numbers, judged: Numbers, options: Mapping[str, Any]) -> Callable[[Floats], Floats]:
    """Return what scores a block of draws: a product where the metric is a mean over rows, else one computation a resample."""
    values = metric.rows(truth, judged, **options)
    if values is not None:
        return lambda counts: np.asarray(counts @ values / len(values))

    def score_one(counts: Floats) -> float:
        rows = np.repeat(np.arange(len(truth)), counts.astype(np.intp))
        try:
            return metric(truth[rows], judged[rows], **options)
        except MetricUndefined:
            return float("nan")

    return lambda block: np.array([score_one(counts) for counts in block])


def _areas(truth: Numbers, judged: Floats) -> Callable[[Floats], Floats]:
    """Return what scores a block of draws by the mean area under the curve, sorting the rows once in all."""
    positive, scores = cells_of_areas(truth, judged)
    order = np.argsort(scores, axis=0, kind="stable").T
    sorted_scores = np.take_along_axis(scores, order.T, axis=0).T
    is_new = np.ones(order.shape, np.bool_)
    is_new[:, 1:] = sorted_scores[:, 1:] != sorted_scores[:, :-1]
    hits = np.ascontiguousarray(np.take_along_axis(positive, order.T, axis=0).T)
    order = np.ascontiguousarray(order, np.int32)
    return lambda block: np.array([mean_area(counts, order, is_new, hits) for counts in block])


@compiled
def mean_area(counts: Floats, order: Ints, is_new: Bools, hits: Bools) -> float:
    """Return the mean over labels of the area under the curve of drawn rows; NaN where a label has one kind of row only.

    counts: (n,), how often each row was drawn. order: (L, n), each label's rows from the lowest score. is_new, hits: (L, n), whether a
    row there has another score than the row before it, and whether it is a positive.
    """
    total: float = 0.0
    for label in range(order.shape[0]):
        below, positives, area, tied_positives, tied_negatives = 0.0, 0.0, 0.0, 0.0, 0.0
        for place in range(order.shape[1]):
            if is_new[label, place]:
                area += tied_positives * (below + 0.5 * tied_negatives)
                below += tied_negatives
                positives += tied_positives
                tied_positives = tied_negatives = 0.0
            count = counts[order[label, place]]
            if hits[label, place]:
                tied_positives += count
            else:
                tied_negatives += count
        area += tied_positives * (below + 0.5 * tied_negatives)
        below += tied_negatives
        positives += tied_positives
        if positives == 0.0 or below == 0.0:
            return float(np.nan)
        total += area / (positives * below)
    return float(total / order.shape[0])


RESAMPLERS: dict[str, Callable[[Numbers, Floats], Callable[[Floats], Floats]]] = {"roc_auc_score": _areas}
"""Metrics whose resamples are faster by a way of their own: (truth, judged) -> what scores a block of draws."""
