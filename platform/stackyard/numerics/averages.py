"""Level-2 methods that learn nothing: two means of the models."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import log_odds, odds_to_probabilities
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup


def mean_of(predictions: Floats) -> Floats:
    """Return the mean over the models, summed in float64, float32 (rows, columns)."""
    return np.asarray(predictions.mean(axis=0, dtype=np.float64), np.float32)


def geometric_mean(predictions: Floats, task: str) -> Floats:
    """Return the mean on the scale of log odds as probabilities: the geometric mean over the models, renormalised, float32.

    predictions: (models, rows, columns). Renormalised over the classes if multiclass, else over "yes" and "no".
    Source: Genest and Zidek (1986), Combining Probability Distributions, Statistical Science 1: the logarithmic pool.

    >>> geometric_mean(np.array([[[0.8, 0.2]], [[0.5, 0.5]]]), "multiclass").astype(float).round(1).tolist()
    [[0.7, 0.3]]
    """
    total = np.zeros(predictions.shape[1:])
    for model in predictions:
        total += log_odds(model[None], task)[0]
    return odds_to_probabilities(total / len(predictions), task).astype(np.float32)


def fit_mean(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Return the arithmetic mean; there is nothing to learn, so that all folds get the same predictor."""
    del parts, setup
    return mean_of


def fit_geometric_mean(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Return the geometric mean, renormalised; there is nothing to learn, so that all folds get the same predictor."""
    del parts
    return _geometric_mean(setup.task)


@cache
def _geometric_mean(task: str) -> Predictor:
    return lambda predictions: geometric_mean(predictions, task)
