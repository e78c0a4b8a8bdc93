"""Blend weights of its own for every class or label: a model may be good at roads and poor at haze.

Source: weights that are never negative and sum to 1: Breiman (1996), Stacked Regressions, Machine Learning 24; here one problem a column.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup
from stackyard.numerics.simplex import minimise_log_loss
from stackyard.numerics.truth_cells import truth_cells

ROWS_OF_A_COLUMN = 20_000
"""So many rows tell some dozens of weights well enough; of more, every second, third, … is looked at."""


def weights_by_column(predictions: Floats, targets: Floats) -> Floats:
    """Return weights (models, columns), each column's on the simplex, with the least log loss of that column's yes and no.

    predictions: (models, rows, columns). targets: 0 and 1, (rows, columns).

    >>> weights_by_column(np.array([[[0.9, 0.5], [0.1, 0.5]], [[0.5, 0.9], [0.5, 0.1]]]), np.array([[1, 1], [0, 0]])).round(6).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    cells = (truth_cells(predictions[:, :, column], targets[:, column] > 0) for column in range(targets.shape[1]))
    return np.stack([minimise_log_loss(of_column) for of_column in cells], axis=1)


def fit_class_weights(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn weights a model and column; classes that exclude one another are renormalised."""
    count = sum(len(part.targets) for part in parts)
    step = -(-count // ROWS_OF_A_COLUMN)
    predictions = np.concatenate([part.predictions[:, ::step] for part in parts], axis=1)
    weights = weights_by_column(predictions, np.concatenate([part.targets[::step] for part in parts]))

    def predict(rows: Floats) -> Floats:
        mixed = np.zeros(rows.shape[1:])
        # one model at a time: memory-mapped predictions are never in memory all at once
        for model, own in zip(rows, weights, strict=True):
            mixed += model * own
        return within_evidence(mixed, count, setup.task)

    return predict
