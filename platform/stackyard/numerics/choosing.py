"""Which of two decisions is better on rows that it was not fitted on: halves of the rows at hand, each judged by what the other taught.

Whoever judges the outcome fits it on other folds, halves and all, so the choice itself is nested and flatters nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Numbers
from stackyard.numerics.metrics import Metric

Labeller = Callable[[Bools, Bools], Numbers]
"""Labels for the rows of the second mask, by a decision fitted on the rows of the first."""


def is_decided(probabilities: Floats) -> bool:
    """Say whether these are labels already, noughts and ones only.

    >>> is_decided(np.array([0.0, 1.0])), is_decided(np.array([0.0, 0.5]))
    (True, False)
    """
    return bool(((probabilities == 0) | (probabilities == 1)).all())


def half_of(probabilities: Floats, truth: Numbers) -> Bools:
    """Return which rows make the first half, bool (n,): dealt along their sum of probabilities, so that row order does not matter.

    Of rows with the same sum the order is that of their probabilities, and of equal ones that of their truth: what is left is the same row.

    >>> half_of(np.array([[0.1], [0.9], [0.2], [0.8]]), np.zeros((4, 1), bool)).tolist()
    [True, False, False, True]
    """
    columns = probabilities.reshape(len(probabilities), -1)
    sums = columns.sum(axis=1, dtype=np.float64)
    order = np.argsort(sums, kind="stable")
    level = sums[order]
    same = np.diff(level) == 0
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(tied):
        rows = order[tied]
        keys = np.concatenate([truth[rows].reshape(len(rows), -1), columns[rows], sums[rows, None]], axis=1)
        order[tied] = rows[np.lexsort(keys.T)]
    half = np.empty(len(sums), np.bool_)
    half[order] = np.arange(len(sums)) % 2 == 0
    return half


def score_halves(
    labellers: Mapping[str, Labeller], probabilities: Floats, truth: Numbers, metric: Metric, options: Mapping[str, float]
) -> dict[str, float]:
    """Return what each way is worth on all rows, the labels of each half made by what the other half taught; two rows or more."""
    half = half_of(probabilities, truth)
    values = {}
    for name, labeller in labellers.items():
        labels = np.empty(probabilities.shape, np.bool_)
        for rows in (half, ~half):
            labels[rows] = labeller(~rows, rows)
        values[name] = metric(truth, labels, **options)
    return values
