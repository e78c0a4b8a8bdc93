"""Compile every kernel ahead of its first use: `python -m stackyard.numerics.warming`, once an installation.

The compiled code is kept beside the source. Without this the first upload, the first folds and the first ensemble on a new machine would
each wait for seconds, and every worker process would compile for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from stackyard.errors import MetricUndefined
from stackyard.numerics.blending import BLENDS, greedy_path
from stackyard.numerics.contributions import contributions
from stackyard.numerics.decisions import expected_fbeta_labels
from stackyard.numerics.diversity import compare_models
from stackyard.numerics.evaluation import evaluate
from stackyard.numerics.expected_fbeta_float32 import LABELS
from stackyard.numerics.features import MOST_FEATURES
from stackyard.numerics.folds import stratified_folds
from stackyard.numerics.greedy_fbeta import FIRST_LOOK
from stackyard.numerics.hill_climbing import hill_climb_weights
from stackyard.numerics.level2 import methods_for
from stackyard.numerics.log_sums import sum_logs_along, sum_logs_with_each
from stackyard.numerics.metrics import METRICS, TASKS
from stackyard.numerics.rank_means import FEW_CELLS
from stackyard.numerics.resampling import resampled_scores
from stackyard.numerics.stacking import cross_fit, nested_blend

ROWS, CLASSES, MODELS, FOLDS = 240, 3, 2, 2


def compile_kernels() -> None:
    """Send a small world of each task through folds, scores, level 2, blends and what is told of them."""
    stratified_folds(np.eye(CLASSES, dtype=np.bool_)[np.arange(ROWS) % CLASSES], FOLDS, seed=0)
    _reach_what_is_for_much()
    folds = np.arange(ROWS) // CLASSES % FOLDS
    for task, truth, predictions in _worlds():
        for metric in (name for name, metric in METRICS.items() if task in metric.tasks):
            _score_and_blend(task, metric, truth, predictions, folds)
        for method in methods_for(task):
            cross_fit(method, predictions, predictions, truth, folds, task)
        compare_models(list(predictions), task)


def _reach_what_is_for_much() -> None:
    """What only many cells, models or labels come to: sums in float32, ranks by counting, features in summary, doubtful label sets."""
    cells, edges = np.ones((1, 2), np.float32), np.array([0, 2])
    sum_logs_with_each(cells, np.array([[1]]), edges)
    sum_logs_along(cells, cells[0].copy(), 1, [0], [0], edges)
    random = np.random.default_rng(0)
    for method, models, rows in (("rank_mean", 2, FEW_CELLS // 2), ("extra_trees", MOST_FEATURES, ROWS)):
        predictions = random.random((models, rows, 2), np.float32)
        cross_fit(method, predictions, predictions[:, :2], predictions[0] > 0.5, np.arange(rows) % FOLDS, "multilabel")
    for kind in (np.float32, np.float64):
        expected_fbeta_labels(np.full((1, LABELS + 1), 0.5, kind))


def _score_and_blend(task: str, metric: str, truth: np.ndarray[Any, Any], predictions: np.ndarray[Any, Any], folds: Any) -> None:
    try:
        for own, known in ((predictions[0], truth), (_as_mapped(predictions[0]), _as_mapped(truth))):
            found = evaluate(known, own, folds, task, metric)
            resampled_scores(METRICS[metric], known, found.judged, resamples=1)
        if metric == "binary_log_loss":
            hill_climb_weights(predictions, truth, steps=2)
        if task == "multilabel" and metric == "f_beta_samples_score":
            evaluate(truth, predictions[0], folds, task, metric, decision="expected_fbeta")
            groups = [{"kind": "exactly_one", "labels": [0, 1]}]
            evaluate(truth, predictions[0], folds, task, metric, decision={"name": "expected_fbeta", "label_groups": groups})
            greedy_path(predictions, truth, metric, steps=2 * FIRST_LOOK)
            greedy_path(predictions.astype(np.float64), truth, metric, steps=2 * FIRST_LOOK)
            expected_fbeta_labels(predictions[0].astype(np.float64))
        for blend in BLENDS:
            nested_blend(predictions, truth, folds, blend, metric)
        contributions(list(predictions), truth, folds, task, metric)
    except MetricUndefined:
        return  # the tiny world has no value under this metric, whose kernels other metrics share


def _as_mapped(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array that cannot be written, as one that is memory-mapped: to the compiler that is another kind."""
    kept = array.copy()
    kept.setflags(write=False)
    return kept


def _worlds() -> Iterator[tuple[str, np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Yield task, truth and predictions float32 (models, rows[, classes])."""
    random = np.random.default_rng(0)
    chosen = np.arange(ROWS) % CLASSES
    for task in TASKS:
        if task in {"multiclass", "multilabel"}:
            values = random.dirichlet(np.ones(CLASSES), (MODELS, ROWS)).astype(np.float32)
            yield task, chosen if task == "multiclass" else np.eye(CLASSES, dtype=np.bool_)[chosen], values
        else:
            yield task, (chosen % 2).astype(np.int64 if task == "binary" else np.float64), random.random((MODELS, ROWS), np.float32)


if __name__ == "__main__":
    compile_kernels()
