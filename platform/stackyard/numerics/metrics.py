"""Every metric by name: METRICS[name](truth, prediction, **options) -> float.

Truth: binary int or bool (n,); multiclass class indices (n,); multilabel bool (n, L); regression float (n,).
Prediction: probabilities (n,), (n, 1), (n, C) or (n, L), labels of the truth's shape, or values (n,). All is computed in float64.

This module imports nothing but numpy: the web process reads names and directions from it.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stackyard.errors import MetricUndefined, ShapeMismatch, SpecInvalid, UnknownMetric
from stackyard.numerics import label_metrics, probability_metrics, value_metrics
from stackyard.numerics.arrays import Floats, Numbers, one_column_flat

BINARY, MULTICLASS, MULTILABEL, REGRESSION = TASKS = ("binary", "multiclass", "multilabel", "regression")


@dataclass(frozen=True)
class Metric:
    """One way to judge a prediction, and what a caller must know to use it."""

    name: str
    function: Callable[..., float]
    higher_is_better: bool
    tasks: frozenset[str]
    needs: str
    """What it judges: probabilities, labels or values."""
    options: Mapping[str, float] = field(default_factory=dict)
    default_decision: Mapping[str, str] = field(default_factory=dict)
    """Task -> decision that "auto" stands for; a task without one needs none."""
    row_function: Callable[..., Floats] | None = None
    """Values (n,) whose mean is the metric, where it is a mean over rows: all folds in one pass."""
    fold_function: Callable[..., Floats | None] | None = None
    """(truth, prediction, folds) -> values by fold where there is a faster way than over the rows' values, None where that cannot tell."""
    class_function: Callable[..., Floats] | None = None
    """Values (classes,), NaN where undefined, where a class has a value of its own."""

    def __call__(self, truth: Numbers, prediction: Numbers, **options: Any) -> float:
        """Return the value on these rows.

        Raises ShapeMismatch (rows or columns differ), MetricUndefined (no rows, NaN, one class only), SpecInvalid (unknown option).
        """
        truth, prediction = matched(truth, prediction)
        return self.function(truth, prediction, **self.settings(options))

    def rows(self, truth: Numbers, prediction: Numbers, **options: Any) -> Floats | None:
        """Return the values (n,) whose mean is the metric, or None where it is no mean over rows."""
        if self.row_function is None:
            return None
        truth, prediction = matched(truth, prediction)
        return self.row_function(truth, prediction, **self.settings(options))

    def folds(self, truth: Numbers, prediction: Numbers, folds: Numbers, **options: Any) -> Floats | None:
        """Return the values (folds,) in the order of the fold numbers, or None where there is no way faster than over the rows."""
        if self.fold_function is None:
            return None
        truth, prediction = matched(truth, prediction)
        return self.fold_function(truth, prediction, folds, **self.settings(options))

    def classes(self, truth: Numbers, prediction: Numbers, **options: Any) -> list[float | None] | None:
        """Return a value a class (None where undefined), or None where classes have no value of their own."""
        if self.class_function is None:
            return None
        truth, prediction = matched(truth, prediction)
        values = self.class_function(truth, prediction, **self.settings(options))
        return [None if math.isnan(value) else float(value) for value in values]

    def settings(self, options: Mapping[str, Any]) -> dict[str, float]:
        """Return the defaults with these options laid over them; raise SpecInvalid for an unknown or impossible one."""
        for name, value in options.items():
            if name not in self.options:
                raise SpecInvalid(f"expected options of {self.name} among {sorted(self.options)}, got {name!r}")
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value < math.inf:
                raise SpecInvalid(f"expected a finite number that is not negative for {name}, got {value!r}")
        return {**self.options, **{name: float(value) for name, value in options.items()}}

    def is_better(self, value: float, other: float) -> bool:
        """Say whether the first value beats the second."""
        return value > other if self.higher_is_better else value < other


def matched(truth: Numbers, prediction: Numbers) -> tuple[Numbers, Numbers]:
    """Return both as arrays with one entry a row; raise where they cannot be compared."""
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.ndim not in {1, 2} or prediction.ndim not in {1, 2} or len(truth) != len(prediction):
        raise ShapeMismatch(f"expected one prediction a row, (n,) or (n, columns), got {prediction.shape} for truth {truth.shape}")
    if not len(truth):
        raise MetricUndefined("expected at least one row, got none")
    for name, values in (("truth", truth), ("prediction", prediction)):
        if values.dtype.kind not in "biuf":
            raise ShapeMismatch(f"expected numbers, got {values.dtype} as {name}")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise MetricUndefined(f"expected finite numbers, got {np.count_nonzero(~np.isfinite(values))} others in the {name}")
    if truth.ndim == 1 or prediction.ndim == 1:
        truth, prediction = one_column_flat(truth), one_column_flat(prediction)
    return truth, prediction


def metric_for(name: str, task: str) -> Metric:
    """Return the metric of this name, or raise UnknownMetric naming the nearest ones that fit the task.

    >>> metric_for("rmse_loss", "regression").higher_is_better
    False
    """
    metric = METRICS.get(name)
    if metric is not None and task in metric.tasks:
        return metric
    fitting = [known.name for known in METRICS.values() if task in known.tasks]
    nearest = difflib.get_close_matches(name, fitting, n=3, cutoff=0.4) or fitting
    raise UnknownMetric(f"expected a metric for a {task} task such as {', '.join(nearest)}, got {name!r}")


_THRESHOLD = {"threshold": 0.5}

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "f_beta_samples_score",
            label_metrics.f_beta_samples_score,
            True,
            frozenset({MULTILABEL}),
            "labels",
            {"beta": 2.0, "zero_division": 1.0, **_THRESHOLD},
            {MULTILABEL: "chosen"},
            label_metrics.f_beta_samples_rows,
            label_metrics.f_beta_samples_folds,
            label_metrics.f_beta_samples_classes,
        ),
        Metric(
            "multiclass_log_loss",
            probability_metrics.multiclass_log_loss,
            False,
            frozenset({MULTICLASS}),
            "probabilities",
            row_function=probability_metrics.multiclass_log_loss_rows,
            class_function=probability_metrics.multiclass_log_loss_classes,
        ),
        Metric(
            "binary_log_loss",
            probability_metrics.binary_log_loss,
            False,
            frozenset({BINARY, MULTILABEL}),
            "probabilities",
            row_function=probability_metrics.binary_log_loss_rows,
            class_function=probability_metrics.binary_log_loss_classes,
        ),
        Metric(
            "roc_auc_score",
            probability_metrics.roc_auc_score,
            True,
            frozenset({BINARY, MULTICLASS, MULTILABEL}),
            "probabilities",
            class_function=probability_metrics.roc_auc_classes,
        ),
        Metric(
            "f1_score",
            label_metrics.f1_score,
            True,
            frozenset({BINARY, MULTICLASS, MULTILABEL}),
            "labels",
            _THRESHOLD,
            {BINARY: "thresholds", MULTICLASS: "argmax", MULTILABEL: "thresholds"},
            class_function=label_metrics.f1_classes,
        ),
        Metric(
            "accuracy_score",
            label_metrics.accuracy_score,
            True,
            frozenset({BINARY, MULTICLASS, MULTILABEL}),
            "labels",
            _THRESHOLD,
            {BINARY: "thresholds", MULTICLASS: "argmax", MULTILABEL: "thresholds"},
            label_metrics.accuracy_rows,
            class_function=label_metrics.accuracy_classes,
        ),
        Metric(
            "quadratic_weighted_kappa_score",
            label_metrics.quadratic_weighted_kappa_score,
            True,
            frozenset({MULTICLASS, REGRESSION}),
            "labels",
            default_decision={MULTICLASS: "argmax", REGRESSION: "cut_points"},
        ),
        Metric("rmse_loss", value_metrics.rmse_loss, False, frozenset({REGRESSION}), "values"),
        Metric("mae_loss", value_metrics.mae_loss, False, frozenset({REGRESSION}), "values", row_function=value_metrics.mae_rows),
        Metric("rmsle_loss", value_metrics.rmsle_loss, False, frozenset({REGRESSION}), "values"),
    )
}
