"""Compile every kernel ahead of its first use: `python -m stackyard.numerics.warming`, once an installation.

The compiled code is kept beside the source. Without this the first upload, the first folds and the first ensemble on a new machine would
each wait for seconds, and every worker process would compile for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from stackyard.errors import MetricUndefined
from stackyard.numerics.blending import BLENDS
from stackyard.numerics.contributions import contributions
from stackyard.numerics.diversity import compare_models
from stackyard.numerics.evaluation import evaluate
from stackyard.numerics.folds import stratified_folds
from stackyard.numerics.level2 import methods_for
from stackyard.numerics.log_sums import sum_logs_along, sum_logs_with_each
from stackyard.numerics.metrics import METRICS, TASKS
from stackyard.numerics.stacking import cross_fit, nested_blend

ROWS, CLASSES, MODELS, FOLDS = 240, 3, 2, 2


def compile_kernels() -> None:
    """Send a small world of each task through folds, scores, level 2, blends and what is told of them."""
    stratified_folds(np.eye(CLASSES, dtype=np.bool_)[np.arange(ROWS) % CLASSES], FOLDS, seed=0)
    _sum_in_float32()
    folds = np.arange(ROWS) // CLASSES % FOLDS
    for task, truth, predictions in _worlds():
        for metric in (name for name, metric in METRICS.items() if task in metric.tasks):
            _score_and_blend(task, metric, truth, predictions, folds)
        for method in methods_for(task):
            cross_fit(method, predictions, predictions, truth, folds, task)
        compare_models(list(predictions), task)


def _sum_in_float32() -> None:
    """Sums over few cells, as all are here, are kept in float64; those over very many are not."""
    cells, edges = np.ones((1, 2), np.float32), np.array([0, 2])
    sum_logs_with_each(cells, np.array([[1]]), edges)
    sum_logs_along(cells, cells[0].copy(), 1, [0], [0], edges)


def _score_and_blend(task: str, metric: str, truth: np.ndarray[Any, Any], predictions: np.ndarray[Any, Any], folds: Any) -> None:
    try:
        evaluate(truth, predictions[0], folds, task, metric)
        if task == "multilabel" and metric == "f_beta_samples_score":
            evaluate(truth, predictions[0], folds, task, metric, decision="expected_fbeta")
            groups = [{"kind": "exactly_one", "labels": [0, 1]}]
            evaluate(truth, predictions[0], folds, task, metric, decision={"name": "expected_fbeta", "label_groups": groups})
        for blend in BLENDS:
            nested_blend(predictions, truth, folds, blend, metric)
        contributions(list(predictions), truth, folds, task, metric)
    except MetricUndefined:
        return  # the tiny world has no value under this metric, whose kernels other metrics share


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
