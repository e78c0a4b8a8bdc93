"""Weights on all rows and on each fold's others at once, from cells that are gathered a single time and never copied.

With 500 models of Planet's size a copy of all folds but one would take over a gigabyte, eleven times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.bagging import nested_bagged_greedy
from stackyard.numerics.greedy import GreedyPath, error_gram
from stackyard.numerics.metrics import Metric
from stackyard.numerics.row_blocks import RowBlocks, cells_by_block
from stackyard.numerics.simplex import minimise_pieces, minimise_squares
from stackyard.numerics.truth_cells import LOG_LOSSES, check_shapes

NestedWeights = tuple[Floats, dict[int, Floats], GreedyPath | None]
"""Weights (models,) found on all rows, for each fold those found on the others, and the path on all rows where there is one."""


def is_summed(metric: Metric) -> bool:
    """Say whether a metric is a sum over rows (or the root of one), so that what folds say can be added up."""
    return metric.name in LOG_LOSSES or metric.name == "rmse_loss"


def nested_bagged(
    predictions: Floats, truth: Numbers, folds: Ints, metric: Metric, options: Mapping[str, Any], steps: int
) -> NestedWeights:
    """Return bagged greedy weights, for any metric; how many steps a bag takes is the bags' own affair."""
    del steps
    found = nested_bagged_greedy(predictions, truth, folds, metric, options=options)
    return found.weights, found.by_fold, found.path


def nested_greedy(
    predictions: Floats, truth: Numbers, folds: Ints, metric: Metric, options: Mapping[str, Any], steps: int
) -> NestedWeights:
    """Return greedy weights for a summed metric: the search of the bags, with one bag."""
    found = nested_bagged_greedy(predictions, truth, folds, metric, bags=1, steps=steps, options=options)
    return found.weights, found.by_fold, found.path


def nested_simplex(
    predictions: Floats, truth: Numbers, folds: Ints, metric: Metric, options: Mapping[str, Any], steps: int
) -> NestedWeights:
    """Return the best weights on the simplex for a summed metric; no fold's search knows of its rows.

    predictions: (models, n) or (models, n, columns), memory-mapped or not. truth: (n,) or (n, labels). folds: (n,).

    >>> from stackyard.numerics.metrics import METRICS
    >>> models, truth = np.array([[0.9, 0.9, 0.2, 0.2], [0.5, 0.5, 0.5, 0.5]]), np.array([1, 1, 0, 0])
    >>> weights, by_fold, _ = nested_simplex(models, truth, np.array([0, 1, 0, 1]), METRICS["binary_log_loss"], {}, 0)
    >>> weights.round(6).tolist(), by_fold[1].round(6).tolist()
    ([1.0, 0.0], [1.0, 0.0])
    """
    del options, steps
    check_shapes(predictions, truth)
    blocks = RowBlocks.deal(folds, np.random.default_rng(0), most=1)
    if metric.name in LOG_LOSSES:
        cells, edges = cells_by_block(predictions, truth, blocks)
        weights = minimise_pieces([cells])
        by_fold = [minimise_pieces([cells[:, :a], cells[:, b:]]) for a, b in pairwise(edges)]
    else:
        grams = [error_gram(predictions[:, rows], truth[rows]) * len(rows) for rows in blocks.rows]
        weights = minimise_squares(np.sum(grams, axis=0) / len(truth))
        by_fold = [minimise_squares(np.sum(grams[:k] + grams[k + 1 :], axis=0)) for k in range(len(grams))]
    return weights, dict(zip(blocks.folds.tolist(), by_fold, strict=True)), None


NESTED: dict[str, Callable[[Floats, Numbers, Ints, Metric, Mapping[str, Any], int], NestedWeights]] = {
    "bagged_greedy": nested_bagged,
    "greedy": nested_greedy,
    "simplex": nested_simplex,
}
