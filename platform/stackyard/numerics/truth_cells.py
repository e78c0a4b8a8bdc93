"""What each model gave to the truth: one probability a cell, all that a log loss ever looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Bools, Floats, Numbers, check_classes
from stackyard.numerics.compiled import compiled
from stackyard.numerics.log_sums import FEW_CELLS, cells_dtype
from stackyard.numerics.metrics import METRICS, Metric
from stackyard.numerics.probability_metrics import CLIP
from stackyard.numerics.threads import on_all_cores

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
    cells = np.empty((len(predictions), truth.size), np.float32)
    _fill_all(predictions, truth, 0.0, cells)
    return cells


def floored_cells(predictions: Floats, truth: Numbers) -> Floats:
    """Return truth_cells, none below FLOOR, in the precision that sums of their logarithms need.

    A mixture of floored cells is the floored mixture, to within the floor.
    """
    cells = np.empty((len(predictions), truth.size), cells_dtype(len(predictions), truth.size))
    _fill_all(predictions, truth, FLOOR, cells)
    return cells


def each_models_cells(predictions: Floats, truth: Numbers, floor: float = FLOOR) -> Iterator[Floats]:
    """Return one model's cells (cells,) after the other, in one array that is used again; none below the floor.

    Memory-mapped predictions are never in memory all at once. Raises ShapeMismatch as truth_cells does.
    """
    fill = _filler(predictions, truth, floor)
    own: Floats = np.empty(truth.size, predictions.dtype)
    for model in predictions:
        fill(model, own)
        yield own


def _fill_all(predictions: Floats, truth: Numbers, floor: float, cells: Floats) -> None:
    """Fill cells (models, cells) with each model's, several models at a time where there are many cells."""
    fill = _filler(predictions, truth, floor)
    if cells.size < FEW_CELLS:
        for model, row in zip(predictions, cells, strict=True):
            fill(model, row)
    else:
        on_all_cores(lambda model: fill(predictions[model], cells[model]), range(len(cells)))


def _filler(predictions: Floats, truth: Numbers, floor: float) -> Callable[[Floats, Floats], None]:
    """Return a function that writes one model's cells into a row; raise ShapeMismatch."""
    check_shapes(predictions, truth)
    if predictions.ndim == 3 and truth.ndim == 1:
        check_classes(truth, predictions.shape[2])
        chosen = np.arange(len(truth)) * predictions.shape[2] + truth.astype(np.int64)
        return lambda model, row: np.copyto(row, np.maximum(model.reshape(-1)[chosen], floor), casting="same_kind")
    happened = np.ascontiguousarray(truth.astype(np.bool_, copy=False)).reshape(-1)
    return lambda model, row: _take_happened(np.ascontiguousarray(model).reshape(-1), happened, floor, row)


@compiled
def _take_happened(model: Floats, happened: Bools, floor: float, row: Floats) -> None:
    for i in range(len(model)):
        probability = model[i] if happened[i] else 1 - model[i]
        row[i] = max(probability, floor)


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
