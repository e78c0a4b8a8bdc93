"""Metrics that judge probabilities as they are: log loss and the area under the ROC curve."""

from __future__ import annotations

import numpy as np

from stackyard.errors import MetricUndefined, ShapeMismatch
from stackyard.numerics.arrays import Bools, Floats, Ints, Numbers, check_classes

# A certain and wrong answer costs 34.5, not infinity. All is computed in float64, where 1 - 1e-15 is not yet 1 (in float32 it would be).
CLIP = 1e-15


def multiclass_log_loss_rows(truth: Ints, prediction: Floats) -> Floats:
    """Return minus the logarithm of the true class's probability, shape (n,).

    truth: class indices, shape (n,). prediction: shape (n, C), rows that sum to 1 (they are not rescaled here).
    Raises ShapeMismatch where the prediction has no column for a true class.

    >>> multiclass_log_loss_rows(np.array([1]), np.array([[0.5, 0.5]])).round(4).tolist()
    [0.6931]
    """
    if prediction.ndim != 2:
        raise ShapeMismatch(f"expected probabilities of shape (n, classes), got {prediction.shape}")
    check_classes(truth, prediction.shape[1])
    chosen = prediction[np.arange(len(truth)), truth.astype(np.intp)].astype(np.float64)
    return np.asarray(-np.log(np.clip(chosen, CLIP, 1 - CLIP)))


def multiclass_log_loss(truth: Ints, prediction: Floats) -> float:
    """Return the mean of multiclass_log_loss_rows."""
    return float(multiclass_log_loss_rows(truth, prediction).mean())


def multiclass_log_loss_classes(truth: Ints, prediction: Floats) -> Floats:
    """Return the mean loss of each true class's own rows, shape (C,); NaN for a class without rows."""
    rows = multiclass_log_loss_rows(truth, prediction)
    count = prediction.shape[1]
    sizes = np.bincount(truth, minlength=count).astype(np.float64)
    sizes[sizes == 0] = np.nan
    return np.bincount(truth, weights=rows, minlength=count) / sizes


def binary_log_loss_cells(truth: Numbers, prediction: Floats) -> Floats:
    """Return the log loss of each cell, in float64; truth and prediction have one shape, (n,) or (n, L)."""
    if truth.shape != prediction.shape:
        raise ShapeMismatch(f"expected probabilities of the truth's shape {truth.shape}, got {prediction.shape}")
    chosen = np.where(truth, prediction, 1.0 - prediction.astype(np.float64))
    return np.asarray(-np.log(np.clip(chosen, CLIP, 1 - CLIP)))


def binary_log_loss_rows(truth: Numbers, prediction: Floats) -> Floats:
    """Return the mean log loss over the labels of each row, shape (n,)."""
    cells = binary_log_loss_cells(truth, prediction)
    return np.asarray(cells.mean(axis=1)) if cells.ndim == 2 else cells


def binary_log_loss(truth: Numbers, prediction: Floats) -> float:
    """Return the log loss of independent labels, a mean over rows and labels.

    >>> round(binary_log_loss(np.array([True, False]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    return float(binary_log_loss_cells(truth, prediction).mean())


def binary_log_loss_classes(truth: Numbers, prediction: Floats) -> Floats:
    """Return the log loss of each label, shape (L,)."""
    return np.atleast_1d(binary_log_loss_cells(truth, prediction).mean(axis=0))


def area_under_curve(truth: Bools, scores: Floats) -> float:
    """Return the chance that a positive outranks a negative (a tie counts half), or NaN where one of the two is absent.

    Source: Hanley and McNeil (1982), The Meaning and Use of the Area under a ROC Curve, Radiology 143: the Mann-Whitney U.

    >>> area_under_curve(np.array([False, True, True]), np.array([0.3, 0.2, 0.9]))
    0.5
    """
    positives, negatives = np.sort(scores[truth]), np.sort(scores[~truth])
    pairs = len(positives) * len(negatives)
    if not pairs:
        return float("nan")
    below = np.searchsorted(negatives, positives, side="left").sum()
    not_above = np.searchsorted(negatives, positives, side="right").sum()
    return float(int(below) + int(not_above)) / (2 * pairs)


def cells_of_areas(truth: Numbers, prediction: Floats) -> tuple[Bools, Floats]:
    """Return positives and scores, each (n, labels): those that the areas under the curve are taken of, column by column.

    truth: bool (n,) or (n, L), or class indices (n,) beside a prediction of shape (n, C), of which each class is set against the rest.
    """
    if truth.ndim == 1 and prediction.ndim == 2:
        check_classes(truth, prediction.shape[1])
        truth = truth[:, None] == np.arange(prediction.shape[1])
    if truth.shape != prediction.shape:
        raise ShapeMismatch(f"expected scores of the truth's shape {truth.shape}, got {prediction.shape}")
    return truth.astype(np.bool_).reshape(len(truth), -1), prediction.reshape(len(prediction), -1)


def roc_auc_classes(truth: Numbers, prediction: Floats) -> Floats:
    """Return the area for each label, or each class against the rest; NaN where it has one kind of row only.

    truth: bool (n,) or (n, L), or class indices (n,) beside a prediction of shape (n, C).
    """
    truth, prediction = cells_of_areas(truth, prediction)
    return np.array([area_under_curve(truth[:, j], prediction[:, j]) for j in range(truth.shape[1])])


def roc_auc_score(truth: Numbers, prediction: Floats) -> float:
    """Return the area under the ROC curve: of one label, or the plain mean over labels (or classes against the rest).

    Raises MetricUndefined where a label has positives only or negatives only.

    >>> roc_auc_score(np.array([0, 1, 1, 0]), np.array([0.1, 0.8, 0.3, 0.3]))
    0.875
    """
    areas = roc_auc_classes(truth, prediction)
    if np.isnan(areas).any():
        classes = np.flatnonzero(np.isnan(areas)).tolist()
        raise MetricUndefined(f"expected rows with and without each class, got only one kind for classes {classes}")
    return float(areas.mean())
