"""Small worlds for the second level: models of unequal skill and confidence on every task."""

from dataclasses import dataclass

import numpy as np
from stackyard.numerics.features import odds_to_probabilities
from stackyard.numerics.folds import regression_folds, stratified_folds

TASKS = ("binary", "multiclass", "multilabel", "regression")
METRIC_OF = {
    "binary": "binary_log_loss",
    "multiclass": "multiclass_log_loss",
    "multilabel": "binary_log_loss",
    "regression": "rmse_loss",
}
# Fits that show the same behaviour in a fraction of the time.
FAST = {
    "extra_trees": {"trees": 10, "rows_per_leaf": 10},
    "boosted_trees": {"rounds": 15},
    "neural_net": {"steps": 60, "seeds": 1, "hidden": 8},
}


@dataclass(frozen=True)
class SmallWorld:
    oof: np.ndarray
    test: np.ndarray
    truth: np.ndarray
    folds: np.ndarray


def make_small_world(task, seed=0, rows=240, models=4, columns=3, fold_count=3, signal=1.5):
    """Return predictions of some models for train and test rows; model 0 knows most, and all are too sure of themselves."""
    random = np.random.default_rng(seed)
    if task in {"binary", "regression"}:
        columns = 1
    every = 2 * rows
    if task == "multiclass":
        truth = random.permutation(np.arange(every) % columns)
        evidence = signal * (truth[:, None] == np.arange(columns))
    elif task == "regression":
        evidence = random.normal(size=(every, 1))
        truth = 100.0 + 10.0 * evidence[:, 0]
    else:
        cells = random.random((every, columns)) < 0.4
        truth = cells if task == "multilabel" else cells[:, 0].astype(int)
        evidence = signal * (cells - 0.5)
    noise = random.normal(size=(models, every, columns)) * np.linspace(0.7, 1.6, models)[:, None, None]
    odds = (evidence + noise) * random.uniform(1.2, 2.0, (models, 1, 1))
    predictions = (100.0 + 10.0 * (evidence + noise)) if task == "regression" else odds_to_probabilities(odds, task)
    predictions = predictions.astype(np.float32)
    if columns == 1:
        predictions = predictions[:, :, 0]
    split = regression_folds if task == "regression" else stratified_folds
    train = truth[:rows]
    return SmallWorld(predictions[:, :rows], predictions[:, rows:], train, split(train, fold_count, 0))
