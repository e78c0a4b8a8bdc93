"""What a net is judged by while it trains: enough to tell the best epoch and a plateau. The server's own scoring is the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.losses import BINARY, MULTICLASS, MULTILABEL, REGRESSION

Array = npt.NDArray[Any]
LEAST_PROBABILITY = 1e-15
THRESHOLD = 0.5


@dataclass(frozen=True)
class Metric:
    """A name ending in `_score` (higher is better) or `_loss` (lower is better), as on the server."""

    name: str
    function: Callable[[Array, Array], float]
    tasks: tuple[str, ...]

    @property
    def higher_is_better(self) -> bool:
        """What the name says."""
        return self.name.endswith("_score")

    def loss(self, value: float) -> float:
        """Return the value so that lower is better."""
        return -value if self.higher_is_better else value


def multiclass_log_loss(truth: Array, prediction: Array) -> float:
    """Return the mean of -log of the true class's share. truth: (n,) classes; prediction: (n, C).

    >>> multiclass_log_loss(np.array([0]), np.array([[1.0, 0.0]]))
    0.0
    """
    rows = prediction.astype(np.float64)
    chosen = rows[np.arange(len(truth)), truth] / rows.sum(1)
    return float(-np.log(np.clip(chosen, LEAST_PROBABILITY, 1)).mean()) + 0.0


def binary_log_loss(truth: Array, prediction: Array) -> float:
    """Return the mean log loss over all cells of (n,) or (n, L)."""
    p = prediction.astype(np.float64)
    return float(-np.log(np.clip(np.where(truth, p, 1 - p), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)).mean())


def accuracy_score(truth: Array, prediction: Array) -> float:
    """Return the share of rows that are wholly right: the likeliest class of (n, C), or (n,) and (n, L) cut at 0.5."""
    chosen = prediction.argmax(1) if truth.ndim == 1 and prediction.ndim == 2 else prediction >= THRESHOLD
    right = chosen == truth
    return float((right.all(1) if right.ndim == 2 else right).mean())


def f_beta_samples_score(truth: Array, prediction: Array, beta: float = 2.0, threshold: float = THRESHOLD) -> float:
    """Return the mean F-beta of the rows' label sets, cut at the threshold; a row with none on either side counts 1."""
    chosen = prediction >= threshold
    right, possible = (chosen & truth).sum(1), beta**2 * truth.sum(1) + chosen.sum(1)
    rows = np.divide((1 + beta**2) * right, possible, out=np.ones(len(truth)), where=possible > 0)
    return float(rows.mean())


def roc_auc_score(truth: Array, prediction: Array) -> float:
    """Return the area under the ROC curve, (n,), ties counted half; of one class alone, NaN."""
    _, place, count = np.unique(prediction, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = int(truth.sum())
    pairs = positive * (len(truth) - positive)
    return float((ranks[truth.astype(bool)].sum() - positive * (positive + 1) / 2) / pairs) if pairs else float("nan")


def rmse_loss(truth: Array, prediction: Array) -> float:
    """Return the root of the mean squared error, (n,)."""
    return float(np.sqrt(np.square(truth - prediction.astype(np.float64)).mean()))


def mae_loss(truth: Array, prediction: Array) -> float:
    """Return the mean absolute error, (n,)."""
    return float(np.abs(truth - prediction.astype(np.float64)).mean())


def rmsle_loss(truth: Array, prediction: Array) -> float:
    """Return the root of the mean squared difference of log(1 + x), negatives taken as 0, (n,)."""
    return rmse_loss(np.log1p(np.maximum(truth, 0)), np.log1p(np.maximum(prediction.astype(np.float64), 0)))


def metric_for(name: str, task: str) -> Metric:
    """Return the metric of this name if it is one that can be followed here, else the task's own loss.

    The competition's metric may need fitted thresholds (kappa) or be unknown here: then the log loss or RMSE tells the best epoch.
    """
    metric = METRICS.get(name)
    return metric if metric is not None and task in metric.tasks else METRICS[OWN[task]]


OWN = {BINARY: "binary_log_loss", MULTICLASS: "multiclass_log_loss", MULTILABEL: "binary_log_loss", REGRESSION: "rmse_loss"}
"""Task -> the metric that its predictions are always judged by."""

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("multiclass_log_loss", multiclass_log_loss, (MULTICLASS,)),
        Metric("binary_log_loss", binary_log_loss, (BINARY, MULTILABEL)),
        Metric("accuracy_score", accuracy_score, (BINARY, MULTICLASS, MULTILABEL)),
        Metric("f_beta_samples_score", f_beta_samples_score, (MULTILABEL,)),
        Metric("roc_auc_score", roc_auc_score, (BINARY,)),
        Metric("rmse_loss", rmse_loss, (REGRESSION,)),
        Metric("mae_loss", mae_loss, (REGRESSION,)),
        Metric("rmsle_loss", rmsle_loss, (REGRESSION,)),
    )
}
