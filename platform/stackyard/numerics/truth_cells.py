"""What each model gave to the truth: one probability a cell, all that a log loss ever looks at."""

from __future__ import annotations

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Floats, Numbers, check_classes
from stackyard.numerics.metrics import METRICS, Metric
from stackyard.numerics.probability_metrics import CLIP

FLOOR = CLIP
"""The least probability that the log losses know."""
LOG_LOSSES = frozenset({"multiclass_log_loss", "binary_log_loss"})


def truth_cells(predictions: Floats, truth: Numbers) -> Floats:
    """Return the probability that each model gave to what came true, float32 (m, cells), C order.

    predictions: (m, n) or (m, n, L) with a truth of 0 and 1 of shape (n,) or (n, L): cells are n * L;
    or (m, n, C) with class indices (n,): cells are n.
    Raises ShapeMismatch where these do not fit.

    >>> truth_cells(np.array([[0.25, 0.5]]), np.array([True, False])).tolist()
    [[0.25, 0.5]]
    >>> truth_cells(np.array([[[0.25, 0.75]]]), np.array([1])).tolist()
    [[0.75]]
    """
    check_shapes(predictions, truth)
    cells = np.empty((len(predictions), truth.size), np.float32)
    if predictions.ndim == 3 and truth.ndim == 1:
        check_classes(truth, predictions.shape[2])
        chosen = truth.astype(np.intp)[:, None]
        for model, row in zip(predictions, cells, strict=True):
            row[:] = np.take_along_axis(model, chosen, axis=1)[:, 0]
        return cells
    happened = truth.astype(np.bool_)
    for model, row in zip(predictions, cells, strict=True):
        row[:] = np.where(happened, model, 1.0 - model).ravel()
    return cells


def check_shapes(predictions: Floats, truth: Numbers) -> None:
    """Raise ShapeMismatch unless every model has one value, or one row of them, for each row of the truth."""
    is_multiclass = predictions.ndim == 3 and truth.ndim == 1 and predictions.shape[1] == len(truth)
    if not len(predictions) or not (is_multiclass or predictions.shape[1:] == truth.shape):
        raise ShapeMismatch(
            f"expected predictions (models, rows) or (models, rows, classes) for truth {truth.shape}, got {predictions.shape}"
        )


def surrogate_metric(metric: Metric, predictions: Floats, truth: Numbers) -> Metric:
    """Return the convex loss to minimise in a metric's place: itself, else the task's log loss, else the squared loss.

    A metric that judges labels or ranks says little about probabilities (it is flat, then jumps); log loss is proper, so
    what lowers it brings probabilities nearer to the truth, and any decision is best made on those.

    >>> surrogate_metric(METRICS["roc_auc_score"], np.zeros((2, 3)), np.array([0, 1, 1])).name
    'binary_log_loss'
    """
    if metric.name in LOG_LOSSES or metric.name == "rmse_loss":
        return metric
    if truth.ndim == 1 and predictions.ndim == 3:
        return METRICS["multiclass_log_loss"]
    if truth.ndim == 2 or "binary" in metric.tasks:
        return METRICS["binary_log_loss"]
    return METRICS["rmse_loss"]
