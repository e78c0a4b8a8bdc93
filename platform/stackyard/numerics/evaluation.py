"""What a prediction is worth on the out-of-fold rows: pooled, by fold and by class, honest beside in-sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stackyard.errors import FoldsInvalid, MetricUndefined, ShapeMismatch
from stackyard.numerics.arrays import Floats, Ints, Numbers, one_hot
from stackyard.numerics.decisions import Decision, Parameters, apply_decision, decision_for
from stackyard.numerics.metrics import MULTICLASS, Metric, matched, metric_for
from stackyard.numerics.threads import on_all_cores

__all__ = ["Evaluation", "apply_decision", "cross_fitted_labels", "evaluate", "score_by_fold"]

# With fewer, decisions are found sooner than threads take them over.
MANY_CELLS = 100_000


@dataclass(frozen=True)
class Evaluation:
    """A prediction's score on its out-of-fold rows, and the decision that its test rows will get."""

    score: float
    """Over all rows at once; with a decision that learns, each fold's labels come from parameters fitted on the other folds."""
    by_fold: list[float | None]
    """In the order of the fold numbers; None where the metric is undefined on a fold."""
    mean: float | None
    std: float | None
    """Mean and population standard deviation of the defined folds."""
    by_class: list[float | None] | None
    in_sample: float
    """The same with the decision fitted on the very rows it is judged on."""
    gap: float
    """How much in_sample flatters: positive when it looks better than the score, whichever way the metric runs."""
    decision: str
    parameters: Parameters
    """Fitted on all rows; these decide the test rows."""
    settings: Mapping[str, Any]
    """Those that the decision was asked for with: with its name they fit it again."""
    judged: Numbers = field(compare=False)
    """What the score was taken of, one entry a row: labels as they were decided, or the prediction itself."""

    def as_decision(self) -> dict[str, Any]:
        """Return the decision as JSON: name, parameters, and its settings where it was asked for with some."""
        settings = {"settings": dict(self.settings)} if self.settings else {}
        return {"name": self.decision, "parameters": self.parameters, **settings}


def evaluate(
    truth: Numbers,
    prediction: Floats,
    folds: Ints,
    task: str,
    metric: str,
    options: Mapping[str, Any] | None = None,
    decision: str | Mapping[str, Any] = "auto",
) -> Evaluation:
    """Judge out-of-fold predictions by a metric of METRICS; folds are fold numbers, shape (n,).

    decision: its name, or a table with its settings, as decision_for takes it.

    Raises UnknownMetric, RecipeInvalid (a decision that the metric cannot use), ShapeMismatch, FoldsInvalid (a decision that learns
    needs two folds), and MetricUndefined where the pooled rows have no value.

    >>> truth, folds = np.array([0.0, 2.0, 4.0]), np.array([0, 1, 1])
    >>> evaluate(truth, truth + 1, folds, "regression", "rmse_loss").by_fold
    [1.0, 1.0]
    """
    options = options or {}
    judge, chosen = _judge_and_decision(task, metric, options, decision)
    truth, prediction = matched(truth, prediction)
    if folds.shape != truth.shape[:1]:
        raise ShapeMismatch(f"expected a fold number for each of {len(truth)} rows, got shape {folds.shape}")
    flattered, parameters = _flattered(chosen, prediction, truth, task, judge, options)
    honest = flattered
    if chosen.learns:
        honest = _as_judged(cross_fitted_labels(chosen, prediction, truth, folds, task, judge, options), prediction, task)
    score = judge(truth, honest, **options)
    in_sample = judge(truth, flattered, **options) if chosen.learns else score
    by_fold = score_by_fold(judge, truth, honest, folds, options)
    defined = [value for value in by_fold if value is not None]
    return Evaluation(
        score=score,
        by_fold=by_fold,
        mean=float(np.mean(defined)) if defined else None,
        std=float(np.std(defined)) if defined else None,
        by_class=judge.classes(truth, honest, **options) if truth.ndim == 2 or task == MULTICLASS else None,
        in_sample=in_sample,
        gap=in_sample - score if judge.higher_is_better else score - in_sample,
        decision=chosen.name,
        parameters=parameters,
        settings=chosen.settings,
        judged=honest,
    )


def in_sample_score(
    truth: Numbers,
    prediction: Floats,
    task: str,
    metric: str,
    options: Mapping[str, Any] | None = None,
    decision: str | Mapping[str, Any] = "auto",
) -> float:
    """Return the score whose decision was fitted on the very rows that it judges: `evaluate(...).in_sample`, alone.

    Raises what evaluate does, but for the folds.

    >>> in_sample_score(np.array([0.0, 2.0]), np.array([1.0, 3.0]), "regression", "rmse_loss")
    1.0
    """
    options = options or {}
    judge, chosen = _judge_and_decision(task, metric, options, decision)
    truth, prediction = matched(truth, prediction)
    return judge(truth, _flattered(chosen, prediction, truth, task, judge, options)[0], **options)


def _judge_and_decision(task: str, metric: str, options: Mapping[str, Any], decision: str | Mapping[str, Any]) -> tuple[Metric, Decision]:
    judge = metric_for(metric, task)
    return judge, decision_for(decision, task, judge, options)


def _flattered(
    decision: Decision, prediction: Floats, truth: Numbers, task: str, metric: Metric, options: Mapping[str, Any]
) -> tuple[Numbers, dict[str, Any]]:
    """Return what is judged where the decision is fitted on the very same rows, and the decision's parameters."""
    parameters = decision.fit(prediction, truth, task, metric, options)
    return _as_judged(decision.apply(prediction, parameters), prediction, task), parameters


def cross_fitted_labels(
    decision: Decision, prediction: Floats, truth: Numbers, folds: Ints, task: str, metric: Metric, options: Mapping[str, Any]
) -> Numbers:
    """Return labels for all rows, those of each fold decided by parameters fitted on the other folds only.

    Raises FoldsInvalid where there is one fold only.
    """
    numbers = np.unique(folds).tolist()
    if len(numbers) < 2:
        raise FoldsInvalid(f"expected at least two folds to fit {decision.name} on other rows, got {len(numbers)}")

    def decide(number: int) -> Numbers:
        inside = folds == number
        parameters = decision.fit(prediction[~inside], truth[~inside], task, metric, options)
        return decision.apply(prediction[inside], parameters)

    decided = on_all_cores(decide, numbers) if prediction.size >= MANY_CELLS else [decide(number) for number in numbers]
    labels = np.empty((len(truth), *decided[0].shape[1:]), decided[0].dtype)
    for number, own in zip(numbers, decided, strict=True):
        labels[folds == number] = own
    return labels


def score_by_fold(metric: Metric, truth: Numbers, prediction: Numbers, folds: Ints, options: Mapping[str, Any]) -> list[float | None]:
    """Return the metric on each fold's rows, in the order of the fold numbers; None where it is undefined there."""
    at_once = metric.folds(truth, prediction, folds, **options)
    if at_once is not None:
        return [float(value) for value in at_once]
    numbers, positions = np.unique(folds, return_inverse=True)
    rows = metric.rows(truth, prediction, **options)
    if rows is not None:
        return [float(value) for value in np.bincount(positions, weights=rows) / np.bincount(positions)]
    values: list[float | None] = []
    for number in numbers:
        inside = folds == number
        try:
            values.append(metric(truth[inside], prediction[inside], **options))
        except MetricUndefined:
            values.append(None)
    return values


def _as_judged(labels: Numbers, prediction: Floats, task: str) -> Numbers:
    # class indices alone do not say how many classes there are; one column a class does, and every metric takes it
    if task == MULTICLASS and labels.ndim == 1 and prediction.ndim == 2:
        return one_hot(labels, prediction.shape[1])
    return labels
