"""Level-2 methods that learn next to nothing: three means of the models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import log_odds, odds_to_probabilities
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup
from stackyard.numerics.metrics import MULTICLASS


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
    """Return the arithmetic mean; there is nothing to learn."""
    del parts, setup
    return mean_of


def fit_geometric_mean(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Return the geometric mean, renormalised; there is nothing to learn."""
    del parts
    return lambda predictions: geometric_mean(predictions, setup.task)


def fit_rank_mean(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Return the mean of the models' ranks, read back on the scale of the predictions.

    A value's rank is its place among the same model's predictions for the training folds, so a single new row has one too. The
    mean rank is read back as the value that the models' predictions have at that rank on average; that keeps the order and gives
    probabilities (or values) that a loss can judge. Multiclass rows are renormalised.
    Source: Bolstad et al. (2003), A comparison of normalization methods, Bioinformatics 19: quantile normalisation.
    """
    # (models, training rows, columns), each model's column in order
    ordered = np.sort(np.concatenate([part.predictions for part in parts], axis=1), axis=1)
    scale = mean_of(ordered)
    places = (np.arange(len(scale)) + 0.5) / len(scale)

    def predict(predictions: Floats) -> Floats:
        read: Floats = np.empty(predictions.shape[1:])
        for column in range(read.shape[1]):
            ranks = np.mean([_rank(model[:, column], known[:, column]) for model, known in zip(predictions, ordered, strict=True)], axis=0)
            read[:, column] = np.interp(ranks, places, scale[:, column])
        if setup.task == MULTICLASS:
            read /= np.maximum(read.sum(axis=1, keepdims=True), 1e-12)
        return read.astype(np.float32)

    return predict


def _rank(values: Floats, known: Floats) -> Floats:
    """Return the share of known values, which are in order, below each value; equal ones count half."""
    # sorted questions walk through the known values once, and find them in the cache
    order = np.argsort(values)
    asked, column = values[order], np.ascontiguousarray(known)
    below = np.searchsorted(column, asked, side="left") + np.searchsorted(column, asked, side="right")
    ranks = np.empty(len(values))
    ranks[order] = below / (2.0 * len(known))
    return ranks
