"""Metrics of a regression: truth and prediction are values of shape (n,)."""

from __future__ import annotations

import numpy as np

from stackyard.errors import MetricUndefined, ShapeMismatch
from stackyard.numerics.arrays import Floats


def _differences(truth: Floats, prediction: Floats) -> Floats:
    if truth.shape != prediction.shape:
        raise ShapeMismatch(f"expected values of the truth's shape {truth.shape}, got {prediction.shape}")
    return prediction.astype(np.float64) - truth.astype(np.float64)


def rmse_loss(truth: Floats, prediction: Floats) -> float:
    """Return the root of the mean squared error, in the unit of the truth.

    >>> rmse_loss(np.array([1.0, 1.0]), np.array([4.0, 5.0])) == 12.5**0.5
    True
    """
    return float(np.sqrt(np.mean(_differences(truth, prediction) ** 2)))


def mae_rows(truth: Floats, prediction: Floats) -> Floats:
    """Return each row's absolute error, shape (n,)."""
    return np.abs(_differences(truth, prediction))


def mae_loss(truth: Floats, prediction: Floats) -> float:
    """Return the mean absolute error, in the unit of the truth.

    >>> mae_loss(np.array([1.0, 1.0]), np.array([4.0, 0.0]))
    2.0
    """
    return float(mae_rows(truth, prediction).mean())


def rmsle_loss(truth: Floats, prediction: Floats) -> float:
    """Return the root mean squared error of log(1 + value).

    Raises MetricUndefined where a value is -1 or less: it has no such logarithm.

    >>> rmsle_loss(np.array([0.0]), np.array([0.0]))
    0.0
    """
    lowest = min(float(truth.min()), float(prediction.min()))
    if lowest <= -1:
        raise MetricUndefined(f"expected values above -1, got {lowest}")
    return rmse_loss(np.log1p(truth.astype(np.float64)), np.log1p(prediction.astype(np.float64)))
