"""Probabilities on the scale where evidence adds up, and back."""

from __future__ import annotations

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.metrics import MULTICLASS, REGRESSION

# A model that says 0 or 1 has log odds of at most 13.8: sure, but to be outvoted.
EPSILON = 1e-6


def log_odds(predictions: Floats, task: str) -> Floats:
    """Return predictions (models, rows, columns) on the scale where evidence adds up, float32.

    binary, multilabel: log(p / (1 - p)). multiclass: log p less its mean over the classes (the centred log ratio).
    regression: the values themselves.
    Source: Aitchison (1982), The Statistical Analysis of Compositional Data, JRSS B 44.

    >>> log_odds(np.array([[[0.5]]]), "binary").tolist()
    [[[0.0]]]
    """
    if task == REGRESSION:
        return np.asarray(predictions, np.float32)
    # the kernel is compiled, and the web process reads this module
    from stackyard.numerics.odds_kernel import fill_log_odds  # noqa: PLC0415

    odds = np.empty(predictions.shape, np.float32)
    for model, row in zip(predictions, odds, strict=True):
        fill_log_odds(np.ascontiguousarray(model), task == MULTICLASS, EPSILON, row)
    return odds


def odds_to_probabilities(odds: Floats, task: str) -> Floats:
    """Return log odds (..., columns) as probabilities: softmax over the columns if multiclass, else the logistic function.

    >>> odds_to_probabilities(np.array([[0.0, 0.0]]), "multiclass").tolist()
    [[0.5, 0.5]]
    """
    if task == MULTICLASS:
        powers = np.exp(odds - odds.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
    # tanh saturates without overflow on either side
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * odds))
