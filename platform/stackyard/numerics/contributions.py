"""What each model adds to the blend of all: nested, under the competition's metric.

The blend is the greedy one (blending.greedy_path). For each fold k its weights w_k are found on the rows of the other folds, and blend
fold k; all folds together are judged once. Every number here is about that nested blend B:

- *add-one gain* of model j: for each fold k the share a_k in [0, 1] that makes (1 - a_k) B_k + a_k P_j best is found on the other
  folds, with the weights w_k (so no row sees itself); fold k is then mixed with it. The gain is how much better all folds together
  are than B. It can be slightly below zero: what helps on the other folds need not help here.
- *drop-one gain* of model j: its weight is taken out of every w_k, and the others' weights are scaled up to sum to 1 again; the gain
  is how much worse all folds together are without it: what the model gives. The weights are not searched again, so of two copies each
  seems to give something; find_duplicates tells of copies. Where a fold has no other model, all others take equal parts.

Shares and weights are found by the loss that the blend itself is searched by: the metric where it is a log loss or the root mean
squared error, else the task's log loss (a regression's squared loss); see truth_cells.surrogate_metric. They are then judged by the
competition's metric, mixed with the trace of doubt that an ensemble's blend has (doubt.py): B is worth what stacking.nested_blend of the
same models by "greedy" is. (Where the metric is neither a loss above nor judges labels, as the area under the curve, an ensemble searches
by the metric itself, and may find other weights; the default blend is the mean over bags of this search.) Where the metric judges labels,
they come from the decision that B's rows of the other folds ask for.

A gain is positive when it is an improvement, whichever way the metric runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.blending import STEPS
from stackyard.numerics.greedy import GreedyPath
from stackyard.numerics.metrics import metric_for
from stackyard.numerics.shares import search_rows
from stackyard.numerics.stacking import fold_numbers
from stackyard.numerics.variants import Judge, judge_for


@dataclass(frozen=True)
class Contributions:
    """The nested blend, and what each model has to do with it."""

    metric: str
    searched_by: str
    value: float
    """Of the nested blend."""
    path: GreedyPath
    """Found on all rows: the order in which models were taken, in terms of `searched_by`; its weights are those for the test rows."""
    weights_by_fold: Floats
    """(folds, models): found on the other folds."""
    add_gain: Floats
    """(models,)"""
    add_share: Floats
    """(models,): the mean over folds of a_k."""
    add_noise: Floats
    """(models,): standard error of add_gain, from its differences row by row (fold by fold where the metric is no mean over rows)."""
    drop_gain: Floats
    """(models,): 0 for a model without weight in any fold; NaN for the only model there is."""
    drop_noise: Floats
    """(models,)"""


def contributions(
    predictions: Sequence[Floats],
    truth: Numbers,
    folds: Ints,
    task: str,
    metric: str,
    options: Mapping[str, Any] | None = None,
    decision: str | Mapping[str, Any] = "auto",
    steps: int = STEPS,
    progress: Callable[[int, int, str], None] = lambda _done, _total, _sentence: None,
) -> Contributions:
    """Return what each model adds to the nested greedy blend of all.

    predictions: one (n,) or (n, columns) a model, memory-mapped or not. truth: (n,) or (n, labels). folds: (n,).
    Memory: one float32 a model and cell that the search looks at (500 models x 40,479 x 17: 1.4 GB); a multi-class task looks at one
    cell a row.
    Raises UnknownMetric, RecipeInvalid (decision), ShapeMismatch, FoldsInvalid (fewer than two folds).

    >>> sure, guess = np.array([0.9, 0.1, 0.9, 0.1]), np.array([0.5, 0.5, 0.5, 0.5])
    >>> found = contributions([sure, guess], np.array([1, 0, 1, 0]), np.array([0, 0, 1, 1]), "binary", "binary_log_loss")
    >>> found.add_gain.round(3).tolist(), found.drop_gain.round(3).tolist()
    ([0.0, 0.0], [0.577, 0.0])
    """
    judge_metric = metric_for(metric, task)
    names = fold_numbers(folds, len(truth))
    places = np.searchsorted(np.array(names), folds)
    rows = search_rows(predictions, truth, places, judge_metric)
    count = len(predictions)
    total = len(names) + count
    progress(0, total, "blending without each fold")
    path, *paths = rows.paths(steps)
    weights, shares = np.stack([found.weights for found in paths]), np.zeros((len(names), count))
    for fold, own in enumerate(weights):
        progress(fold, total, f"trying more of each model without fold {names[fold]}")
        shares[fold] = rows.best_shares(fold, own)
    judge = judge_for(rows, predictions, truth, places, weights, task, judge_metric, options or {}, decision)
    gains = np.zeros((2, 2, count))
    for model in range(count):
        progress(len(names) + model, total, "judging each model")
        gains[0, :, model] = _gain(judge, model, shares[:, model])
        gains[1, :, model] = _loss_without(judge, model)
    return Contributions(
        metric=metric,
        searched_by=rows.metric,
        value=judge.value,
        path=path,
        weights_by_fold=weights,
        add_gain=gains[0, 0],
        add_share=shares.mean(axis=0),
        add_noise=gains[0, 1],
        drop_gain=gains[1, 0],
        drop_noise=gains[1, 1],
    )


def _gain(judge: Judge, model: int, shares: Floats) -> tuple[float, float]:
    """Return the gain of mixing a model in with these shares by fold, and its noise."""
    return judge.gain(judge.blended.with_share(model, shares)) if shares.any() else (0.0, 0.0)


def _loss_without(judge: Judge, model: int) -> tuple[float, float]:
    """Return how much worse the blend is without a model, and the noise of that."""
    weights = judge.blended.weights
    if weights.shape[1] == 1:
        return np.nan, np.nan
    if not weights[:, model].any():
        return 0.0, 0.0
    gain, noise = judge.gain(judge.blended.without(model))
    return -gain, noise
