"""Several models' predictions made into one: means, and weights that are never negative and sum to 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.stats import rankdata

from stackyard.errors import MetricUndefined, ShapeMismatch, UnknownMetric
from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.bagging import bagged_greedy_weights
from stackyard.numerics.greedy import GreedyPath, error_gram, search_for, walk
from stackyard.numerics.metrics import METRICS, Metric
from stackyard.numerics.simplex import minimise_log_loss, minimise_squares
from stackyard.numerics.truth_cells import LOG_LOSSES, check_shapes, surrogate_metric, truth_cells

STEPS = 50


def metric_named(metric: str | Metric) -> Metric:
    """Return the metric of this name, or the metric itself; raise UnknownMetric.

    >>> metric_named("rmse_loss").name
    'rmse_loss'
    """
    if isinstance(metric, Metric):
        return metric
    if metric not in METRICS:
        raise UnknownMetric(f"expected one of {', '.join(METRICS)}, got {metric!r}")
    return METRICS[metric]


def blend(predictions: Floats, weights: Floats) -> Floats:
    """Return the weighted mean of several models' predictions, shape (n_rows,) or (n_rows, n_columns).

    predictions: shape (n_models, n_rows[, n_columns]); float32 gives float32, summed in float64.
    weights: shape (n_models,), none negative, not all zero; scaled here to sum to 1.
    Raises ShapeMismatch unless there is one such weight a model.
    Source: Breiman (1996), Stacked Regressions, Machine Learning 24: weights that are never negative.

    >>> blend(np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([3.0, 1.0])).tolist()
    [0.25, 1.0]
    """
    if weights.shape != predictions.shape[:1]:
        raise ShapeMismatch(f"expected {len(predictions)} weights, got shape {weights.shape}")
    total = float(weights.sum())
    if not (total > 0 and np.isfinite(total) and weights.min() >= 0):
        raise ShapeMismatch(f"expected finite weights, none negative and not all zero, got {weights.tolist()}")
    mixed = np.zeros(predictions.shape[1:])
    # one model at a time: memory-mapped predictions are never in memory all at once
    for model, weight in zip(predictions, weights, strict=True):
        if weight > 0:
            mixed += np.multiply(model, weight / total, dtype=np.float64)
    return mixed.astype(predictions.dtype, copy=False)


def blend_by_fold(predictions: Floats, folds: Ints, weights: Mapping[int, Floats]) -> Floats:
    """Return a blend whose rows in each fold have that fold's weights; shapes as in blend, folds: (n,).

    >>> weights = {0: np.array([1.0, 0.0]), 1: np.array([0.0, 1.0])}
    >>> blend_by_fold(np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0, 1]), weights).tolist()
    [0.1, 0.4]
    """
    mixed = np.empty(predictions.shape[1:], predictions.dtype)
    for fold, own in weights.items():
        held = folds == fold
        mixed[held] = blend(predictions[:, held], own)
    return mixed


def rank_mean(predictions: Floats) -> Floats:
    """Return the mean over models of each value's rank in its column, scaled to lie between 0 and 1; ties share a rank.

    For metrics that look at order alone: ranks are not probabilities.

    >>> rank_mean(np.array([[0.1, 0.9], [0.2, 0.3]])).tolist()
    [0.25, 0.75]
    """
    mixed = np.zeros(predictions.shape[1:])
    for model in predictions:
        mixed += (rankdata(model, axis=0) - 0.5) / model.shape[0]
    return (mixed / len(predictions)).astype(predictions.dtype, copy=False)


def greedy_path(predictions: Floats, truth: Numbers, metric: str | Metric, steps: int = STEPS, **options: Any) -> GreedyPath:
    """Return the whole path of greedy selection with replacement: picks, the metric after each, weights of the best prefix.

    predictions: (m, n) or (m, n, C). truth: (n,) or (n, L). metric: a name in METRICS, or one of them; options are the metric's.
    Deterministic; of models that help as much the first is taken.
    Raises UnknownMetric, ShapeMismatch, SpecInvalid (options), RecipeInvalid (steps), MetricUndefined (no model can be judged).

    >>> greedy_path(np.array([[0.0, 4.0], [2.0, 6.0]]), np.array([1.0, 5.0]), "rmse_loss", steps=4).picks.tolist()
    [0, 1, 0, 1]
    """
    chosen = metric_named(metric)
    chosen.settings(options)
    check_shapes(predictions, truth)
    return walk(search_for(predictions, truth, chosen, options), len(predictions), chosen.higher_is_better, steps)


def greedy_weights(predictions: Floats, truth: Numbers, metric: str | Metric, steps: int = STEPS, **options: Any) -> Floats:
    """Return the weights (m,) of the best prefix of greedy_path.

    >>> greedy_weights(np.array([[0.9, 0.8], [0.5, 0.5]]), np.array([1, 1]), "binary_log_loss").tolist()
    [1.0, 0.0]
    """
    return greedy_path(predictions, truth, metric, steps, **options).weights


def simplex_weights(predictions: Floats, truth: Numbers, metric: str | Metric, **options: Any) -> Floats:
    """Return the weights (m,) on the simplex that are best for the metric.

    Log losses and the root mean squared error reach their optimum, which is global. For any other metric the task's log loss
    (values: squared loss) is minimised in its place, and the better of that and equal weights under the metric is kept.
    Raises as greedy_path does.

    >>> simplex_weights(np.array([[0.0, 4.0], [2.0, 6.0]]), np.array([1.0, 5.0]), "rmse_loss").round(6).tolist()
    [0.5, 0.5]
    """
    chosen = metric_named(metric)
    chosen.settings(options)
    check_shapes(predictions, truth)
    surrogate = surrogate_metric(chosen, predictions, truth)
    if surrogate.name in LOG_LOSSES:
        weights = minimise_log_loss(truth_cells(predictions, truth))
    else:
        weights = minimise_squares(error_gram(predictions, truth))
    if surrogate is chosen:
        return weights
    equal = np.full(len(predictions), 1.0 / len(predictions))
    try:
        values = [chosen(truth, blend(predictions, candidate), **options) for candidate in (weights, equal)]
    except MetricUndefined:  # then the metric cannot choose between them
        return weights
    return equal if chosen.is_better(values[1], values[0]) else weights


def bagged_weights(predictions: Floats, truth: Numbers, metric: str | Metric, **options: Any) -> Floats:
    """Return the mean weights (m,) of greedy selection on many samples of the rows; raises as greedy_path does."""
    chosen = metric_named(metric)
    chosen.settings(options)
    return bagged_greedy_weights(predictions, truth, chosen, **options)


def mean_weights(predictions: Floats, truth: Numbers, metric: str | Metric, **options: Any) -> Floats:
    """Return equal weights (m,), whatever the truth."""
    del truth, metric, options
    return np.full(len(predictions), 1.0 / len(predictions))


def best_single_weights(predictions: Floats, truth: Numbers, metric: str | Metric, **options: Any) -> Floats:
    """Return weight 1 for the model that is best by the metric (the first of several), 0 for the others."""
    return greedy_path(predictions, truth, metric, 1, **options).weights


BLENDS: dict[str, Callable[..., Floats]] = {
    "bagged_greedy": bagged_weights,
    "greedy": greedy_weights,
    "simplex": simplex_weights,
    "mean": mean_weights,
    "none": best_single_weights,
}

SEARCHED_BLENDS = frozenset({"bagged_greedy", "greedy", "simplex"})
"""Those whose weights are searched among many: what they find may be too sure."""
