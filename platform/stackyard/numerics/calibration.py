"""Probabilities made to mean what they say: fitted on some rows' truth, applied to others. Every calibrator is fit -> plain JSON, apply.

A decision by expectation takes probabilities at their word, so that over- and underconfident models lose by it; a monotone map a label
that is fitted on other folds mends this without touching the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackyard.errors import RecipeInvalid
from stackyard.numerics.arrays import Floats, Numbers
from stackyard.numerics.class_scaling import fit_class_scaling, fit_temperature, scaled_classes
from stackyard.numerics.metrics import BINARY, MULTICLASS, MULTILABEL
from stackyard.numerics.odds import log_odds

# Pulls slopes to 1 and intercepts to 0 as strongly as one row would: equal probabilities everywhere then have a solution too.
PRIOR = 1.0
NEWTON_STEPS = 50
HALVINGS = 30
# Newton stops when no step promises to lower the summed log loss by more than this.
TOLERANCE = 1e-9
# A first fit on every so many rows costs little and saves whole passes.
COARSE_STRIDE, COARSE_ROWS = 16, 4096

Parameters = dict[str, Any]


def fit_platt(probabilities: Floats, truth: Numbers) -> Parameters:
    """Return {"slopes", "intercepts"}, one of each a label, of a logistic regression on the label's own log odds.

    probabilities: (n,) or (n, L); truth: 0 and 1, the same shape. Targets are drawn in by one row each way, as Platt does, so that a
    label that is never (or always) true, or told apart without error, stays finite. Without rows probabilities are left as they are.
    Source: Platt (1999), Probabilistic Outputs for Support Vector Machines; Lin, Lin and Weng (2007), A Note on Platt's
    Probabilistic Outputs, Machine Learning 68: Newton's method.

    >>> found = fit_platt(np.repeat([0.2, 0.8], 500), np.repeat([0, 1, 0, 1], [450, 50, 50, 450]))
    >>> round(found["slopes"][0], 2), abs(round(found["intercepts"][0], 2))
    (1.57, 0.0)
    """
    odds, flags = _label_odds(probabilities), _label_flags(truth)
    fitted = [_fit_logistic(one, _drawn_in(flag)) for one, flag in zip(odds, flags, strict=True)]
    return {"slopes": [float(slope) for slope, _ in fitted], "intercepts": [float(intercept) for _, intercept in fitted]}


def apply_platt(probabilities: Floats, parameters: Parameters) -> Floats:
    """Return calibrated probabilities of the same shape, float64."""
    # the kernel is compiled, and the web process reads this module
    from stackyard.numerics.platt_kernel import fill_probabilities  # noqa: PLC0415

    odds = _label_odds(probabilities)
    fill_probabilities(odds, np.array(parameters["slopes"]), np.array(parameters["intercepts"]), odds)
    return np.ascontiguousarray(odds.T).reshape(probabilities.shape)


def _label_odds(probabilities: Floats) -> Floats:
    """Return log odds (L, n), float64, a label's own in one piece of memory."""
    return np.ascontiguousarray(log_odds(_as_columns(probabilities)[None], BINARY)[0].T, np.float64)


def _label_flags(truth: Numbers) -> Numbers:
    return np.ascontiguousarray(_as_columns(truth).T, np.bool_)


def _as_columns(values: Numbers) -> Numbers:
    return values[:, None] if values.ndim == 1 else values


def _drawn_in(flags: Numbers) -> Floats:
    """Return targets (n,): what Laplace's rule says of a true and of a false row."""
    positives = np.count_nonzero(flags)
    return np.where(flags, (positives + 1.0) / (positives + 2.0), 1.0 / (len(flags) - positives + 2.0))


def _fit_logistic(odds: Floats, targets: Floats) -> Floats:
    """Return (slope, intercept) with the least log loss: from a share of the rows first, then from all."""
    start = np.array([1.0, 0.0])
    if len(odds) >= COARSE_ROWS:
        start = _newton(odds[::COARSE_STRIDE], targets[::COARSE_STRIDE], start)
    return _newton(odds, targets, start)


def _newton(odds: Floats, targets: Floats, weights: Floats) -> Floats:
    """Minimise from these weights. The loss is convex: a step is short enough once the slope along it has not grown."""
    gradient, hessian = _derivatives(odds, targets, weights)
    for _ in range(NEWTON_STEPS):
        step = np.linalg.solve(hessian, gradient)
        promise = float(gradient @ step)
        if promise <= TOLERANCE:
            break
        for _ in range(HALVINGS):
            candidate = weights - step
            gradient, hessian = _derivatives(odds, targets, candidate)
            if abs(float(gradient @ step)) <= promise:
                break
            step, promise = step / 2.0, promise / 2.0
        weights = candidate
    return weights


def _derivatives(odds: Floats, targets: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the gradient (2,) and Hessian (2, 2) of the summed log loss and its prior."""
    # the kernel is compiled, and the web process reads this module
    from stackyard.numerics.platt_kernel import add_up  # noqa: PLC0415

    along, missed, curved, crossed, spread = add_up(odds, targets, weights[0], weights[1])
    gradient = np.array([along, missed]) + PRIOR * (weights - np.array([1.0, 0.0]))
    return gradient, np.array([[curved + PRIOR, crossed], [crossed, spread + PRIOR]])


def fit_isotonic(probabilities: Floats, truth: Numbers) -> Parameters:
    """Return {"at", "values"}, a list of knots a label, of the best map that never falls; between knots it is a straight line.

    Shapes as for fit_platt. Values are no surer than the rows allow: 1 / (n + 2) from either end.
    Source: Zadrozny and Elkan (2002), Transforming Classifier Scores into Accurate Multiclass Probability Estimates, KDD.

    >>> fit_isotonic(np.array([0.1, 0.3, 0.5, 0.9]), np.array([0, 1, 0, 1]))["values"][0]
    [0.16666666666666666, 0.5, 0.5, 0.8333333333333334]
    """
    cells, flags = _as_columns(probabilities), _label_flags(truth)
    knots = [_knots(np.asarray(column, np.float64), flag) for column, flag in zip(cells.T, flags, strict=True)]
    return {"at": [at.tolist() for at, _ in knots], "values": [values.tolist() for _, values in knots]}


def _knots(scores: Floats, flags: Numbers) -> tuple[Floats, Floats]:
    """Return where each level piece begins and ends, and its value; without rows the probabilities as they are."""
    # imported here: scipy must stay out of the web process
    from scipy.optimize import isotonic_regression  # noqa: PLC0415

    if not len(scores):
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    at, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    fitted = isotonic_regression(np.bincount(place, weights=flags) / counts, weights=counts)
    ends = np.unique(np.concatenate([fitted.blocks[:-1], fitted.blocks[1:] - 1]))
    floor = 1.0 / (len(scores) + 2)
    return at[ends], np.clip(fitted.x[ends], floor, 1.0 - floor)


def apply_isotonic(probabilities: Floats, parameters: Parameters) -> Floats:
    """Return calibrated probabilities of the same shape, float64; beyond the outermost knots they stay level."""
    cells = _as_columns(probabilities)
    columns = [np.interp(*label) for label in zip(cells.T, parameters["at"], parameters["values"], strict=True)]
    return np.stack(columns, axis=1).reshape(probabilities.shape)


@dataclass(frozen=True)
class Calibrator:
    """One way to calibrate: fit(probabilities, truth) -> parameters that JSON can carry; apply(probabilities, parameters)."""

    name: str
    tasks: frozenset[str]
    fit: Callable[[Floats, Numbers], Parameters]
    apply: Callable[[Floats, Parameters], Floats]


def calibrator_for(name: str, task: str) -> Calibrator:
    """Return the calibrator of this name; raise RecipeInvalid where it is unknown or speaks of another task.

    >>> calibrator_for("platt", "multilabel").name
    'platt'
    """
    fitting = [known.name for known in CALIBRATORS.values() if task in known.tasks]
    if name not in fitting:
        raise RecipeInvalid(f"expected a calibration for a {task} task among {', '.join(fitting) or 'none'}, got {name!r}")
    return CALIBRATORS[name]


LABELS = frozenset({BINARY, MULTILABEL})

CALIBRATORS: dict[str, Calibrator] = {
    calibrator.name: calibrator
    for calibrator in (
        Calibrator("platt", LABELS, fit_platt, apply_platt),
        Calibrator("isotonic", LABELS, fit_isotonic, apply_isotonic),
        Calibrator("temperature", frozenset({MULTICLASS}), fit_temperature, scaled_classes),
        Calibrator("vector", frozenset({MULTICLASS}), fit_class_scaling, scaled_classes),
    )
}
