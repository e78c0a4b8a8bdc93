"""Power means of probabilities, renormalised: between the geometric mean (exponent 0), the arithmetic (1) and the surest model alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.averages import geometric_mean
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup
from stackyard.numerics.metrics import MULTICLASS
from stackyard.numerics.probability_metrics import CLIP

DEFAULTS: dict[str, Any] = {"exponent": 2.0}
LIMITS: dict[str, float] = {"exponent": 32.0}
EXPONENTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""What fit_best_power_mean chooses from."""
SMALLEST = 1e-3
"""Below it the power mean is the geometric mean, but for rounding."""


def power_mean(predictions: Floats, task: str, exponent: float) -> Floats:
    """Return (mean of p**e)**(1/e) over the models, renormalised, float32 (rows, columns).

    predictions: (models, rows, columns). Renormalised over the classes if multiclass, else over "yes" and "no"; exponent 0 is the limit,
    the geometric mean.
    Source: Cooke (1991), Experts in Uncertainty, chapter 11: normalised r-norm pools.

    >>> power_mean(np.array([[[0.9, 0.1]], [[0.3, 0.7]]]), "multiclass", 1.0).astype(float).round(2).tolist()
    [[0.6, 0.4]]
    >>> power_mean(np.array([[[0.9, 0.1]], [[0.3, 0.7]]]), "multiclass", 8.0).astype(float).round(2).tolist()
    [[0.56, 0.44]]
    """
    if exponent < SMALLEST:
        return geometric_mean(predictions, task)
    yes, no = np.zeros(predictions.shape[1:]), np.zeros(predictions.shape[1:])
    # one model at a time: memory-mapped predictions are never in memory all at once
    for model in predictions:
        cells = np.clip(model, 0.0, 1.0, dtype=np.float64)
        yes += cells**exponent
        if task != MULTICLASS:
            no += (1.0 - cells) ** exponent
    yes = (yes / len(predictions)) ** (1.0 / exponent)
    if task == MULTICLASS:
        return np.asarray(yes / yes.sum(axis=1, keepdims=True), np.float32)
    return np.asarray(yes / (yes + (no / len(predictions)) ** (1.0 / exponent)), np.float32)


def fit_power_mean(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Return the power mean of a set exponent; there is nothing to learn."""
    del parts
    exponent = float({**DEFAULTS, **setup.settings}["exponent"])
    return lambda predictions: power_mean(predictions, setup.task, exponent)


def fit_best_power_mean(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Return the power mean of the exponent in EXPONENTS with the least log loss on the training folds; of equal ones the smallest."""
    losses = np.sum([part.keep("power_losses", lambda rows: _losses(rows, setup.task)) for part in parts], axis=0)
    exponent = EXPONENTS[int(losses.argmin())]
    return lambda predictions: power_mean(predictions, setup.task, exponent)


def _losses(part: FoldRows, task: str) -> Floats:
    """Return the summed log loss of each exponent on a fold, (exponents,): a fold's own, whatever it is later trained with."""
    predictions = part.predictions
    return np.array([_log_loss(power_mean(predictions, task, exponent), part.targets, task) for exponent in EXPONENTS])


def _log_loss(probabilities: Floats, targets: Floats, task: str) -> float:
    given = (probabilities * targets).sum(axis=1) if task == MULTICLASS else np.where(targets > 0, probabilities, 1.0 - probabilities)
    return float(-np.log(np.maximum(given, CLIP, dtype=np.float64)).sum())
