"""Calibration of classes that exclude one another: their log probabilities scaled and shifted, then softmax again.

With one scale for all it is temperature scaling, which leaves the likeliest class as it is; with a scale and a shift a class it is
vector scaling. Source: Guo, Pleiss, Sun and Weinberger (2017), On Calibration of Modern Neural Networks, ICML.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Floats, Ints, one_hot
from stackyard.numerics.metrics import MULTICLASS
from stackyard.numerics.odds import EPSILON, odds_to_probabilities

# As strong as one row: a class without rows, or a constant column, then has a solution.
PRIOR = 1.0
NEWTON_STEPS = 50
HALVINGS = 30
TOLERANCE = 1e-9

Derivatives = tuple[float, Floats, Floats]


def fit_temperature(probabilities: Floats, truth: Ints) -> dict[str, Any]:
    """Return {"slopes", "intercepts"} with one slope for all classes (the inverse temperature) and no intercept.

    probabilities: (n, C); truth: class indices (n,). Raises ShapeMismatch for other shapes.

    >>> cells = np.repeat([[0.9, 0.1]], 100, axis=0)
    >>> round(fit_temperature(cells, np.repeat([0, 1], [70, 30]))["slopes"][0], 2)
    0.39
    """
    logs, targets = _logs(probabilities), _targets(probabilities, truth)

    def derivatives(weights: Floats) -> Derivatives:
        sure, loss = _softmax(weights[0] * logs, targets)
        mean = (sure * logs).sum(axis=1)
        gradient = (mean - (targets * logs).sum(axis=1)).sum()
        curvature = ((sure * logs**2).sum(axis=1) - mean**2).sum()
        return loss, np.array([gradient]), np.array([[curvature]])

    slope = float(_minimise(derivatives, np.ones(1), np.ones(1))[0])
    classes = probabilities.shape[1]
    return {"slopes": [slope] * classes, "intercepts": [0.0] * classes}


def fit_class_scaling(probabilities: Floats, truth: Ints) -> dict[str, Any]:
    """Return {"slopes", "intercepts"}, one of each a class, with the least log loss; shapes as for fit_temperature.

    >>> found = fit_class_scaling(np.repeat([[0.5, 0.5]], 100, axis=0), np.repeat([0, 1], [80, 20]))
    >>> round(found["intercepts"][0] - found["intercepts"][1], 1)
    1.3
    """
    logs, targets = _logs(probabilities), _targets(probabilities, truth)
    classes = probabilities.shape[1]

    def derivatives(weights: Floats) -> Derivatives:
        sure, loss = _softmax(logs * weights[:classes] + weights[classes:], targets)
        miss, leaned = sure - targets, sure * logs
        gradient = np.concatenate([(miss * logs).sum(axis=0), miss.sum(axis=0)])
        both = np.concatenate([leaned, sure], axis=1)
        hessian = -both.T @ both
        places = np.arange(classes)
        hessian[places, places] += (leaned * logs).sum(axis=0)
        hessian[places, places + classes] += leaned.sum(axis=0)
        hessian[places + classes, places] += leaned.sum(axis=0)
        hessian[places + classes, places + classes] += sure.sum(axis=0)
        return loss, gradient, hessian

    centre = np.concatenate([np.ones(classes), np.zeros(classes)])
    found = _minimise(derivatives, centre, centre)
    return {"slopes": found[:classes].tolist(), "intercepts": found[classes:].tolist()}


def scaled_classes(probabilities: Floats, parameters: dict[str, Any]) -> Floats:
    """Return calibrated probabilities (n, C), float64, rows that sum to 1."""
    return odds_to_probabilities(_logs(probabilities) * np.array(parameters["slopes"]) + np.array(parameters["intercepts"]), MULTICLASS)


def _logs(probabilities: Floats) -> Floats:
    if probabilities.ndim != 2:
        raise ShapeMismatch(f"expected probabilities of shape (n, classes), got {probabilities.shape}")
    logs = np.log(np.clip(probabilities, EPSILON, 1.0, dtype=np.float64))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def _targets(probabilities: Floats, truth: Ints) -> Floats:
    return one_hot(truth, probabilities.shape[1]).astype(np.float64)


def _softmax(odds: Floats, targets: Floats) -> tuple[Floats, float]:
    """Return the probabilities and the summed log loss."""
    top = odds.max(axis=1, keepdims=True)
    powers = np.exp(odds - top)
    sums = powers.sum(axis=1, keepdims=True)
    loss = float((np.log(sums) + top).sum() - (odds * targets).sum())
    powers /= sums
    return powers, loss


def _minimise(derivatives: Callable[[Floats], Derivatives], centre: Floats, weights: Floats) -> Floats:
    """Newton's method on the loss with a prior around the centre; a step that does not lower the sum is halved."""

    def penalised(at: Floats) -> Derivatives:
        loss, gradient, hessian = derivatives(at)
        away = at - centre
        return loss + PRIOR * float(away @ away) / 2.0, gradient + PRIOR * away, hessian + PRIOR * np.eye(len(at))

    loss, gradient, hessian = penalised(weights)
    for _ in range(NEWTON_STEPS):
        step = np.linalg.solve(hessian, gradient)
        if float(gradient @ step) <= TOLERANCE * (1.0 + loss):
            break
        for _ in range(HALVINGS):
            candidate = weights - step
            found = penalised(candidate)
            if found[0] <= loss:
                break
            step = step / 2.0
        weights, (loss, gradient, hessian) = candidate, found
    return weights
