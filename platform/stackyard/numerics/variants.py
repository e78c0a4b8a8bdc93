"""What a nested blend would be worth with more of one model, or without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stackyard.errors import MetricUndefined
from stackyard.numerics.arrays import Floats, Ints, Numbers, one_column_flat, one_hot
from stackyard.numerics.decisions import Decision, decision_for
from stackyard.numerics.doubt import Doubt
from stackyard.numerics.metrics import MULTICLASS, Metric
from stackyard.numerics.shares import SearchRows


@dataclass(frozen=True)
class Blended:
    """A blend whose weights differ from fold to fold, and the models that it was made of."""

    models: Sequence[Floats]
    """One (n, ...) a model."""
    places: Ints
    """(n,): the fold of each row, from 0."""
    weights: Floats
    """(folds, models)."""
    values: Floats
    """(n, ...): each row mixed by its fold's weights, float64."""

    @classmethod
    def of(cls, models: Sequence[Floats], places: Ints, weights: Floats) -> Blended:
        """Mix the models, one at a time."""
        values = np.zeros(models[0].shape)
        for model in np.flatnonzero(weights.any(axis=0)).tolist():
            values += models[model] * _by_row(weights[:, model], places, values.ndim)
        return cls(models, places, weights, values)

    def with_share(self, model: int, shares: Floats) -> Floats:
        """Return (1 - a_k) B + a_k P, for the share a_k of each fold, (folds,)."""
        return np.asarray(self.values + _by_row(shares, self.places, self.values.ndim) * (self.models[model] - self.values))

    def without(self, model: int) -> Floats:
        """Return the blend with a model's weight taken out and the others' scaled up; where there are no others, their plain mean."""
        weights = self.weights[:, model]
        alone = weights >= 1.0 - 1e-9
        mixed = self.with_share(model, np.where(alone, 0.0, -weights / np.where(alone, 1.0, 1.0 - weights)))
        rows = np.flatnonzero(alone[self.places])
        if len(rows):
            mixed[rows] = np.mean([values[rows] for place, values in enumerate(self.models) if place != model], axis=0)
        return mixed


def _by_row(by_fold: Floats, places: Ints, dimensions: int) -> Floats:
    return np.asarray(by_fold[places].reshape(-1, *[1] * (dimensions - 1)))


class Judge(Protocol):
    """What a mixture of the models is worth beside the blend."""

    blended: Blended
    value: float
    """Of the blend."""

    def gain(self, mixed: Floats) -> tuple[float, float]:
        """Return how much better the mixture is than the blend, and the standard error of that; NaN where the metric is undefined."""


class LossJudge:
    """By the very loss that the search is made on, which knows of the doubt."""

    def __init__(self, rows: SearchRows, weights: Floats) -> None:
        self.blended = Blended.of(list(rows.values), rows.places, weights)
        self.losses = rows.losses
        self.is_root = rows.metric == "rmse_loss"
        self.base = self.losses(self.blended.values)
        self.value = self._value(self.base)

    def _value(self, losses: Floats) -> float:
        return float(np.sqrt(losses.mean()) if self.is_root else losses.mean())

    def gain(self, mixed: Floats) -> tuple[float, float]:
        """Return the gain and its noise; that of a root by the delta method."""
        losses = self.losses(mixed)
        noise = float((self.base - losses).std() / np.sqrt(len(losses)))
        return self.value - self._value(losses), noise / (2.0 * self.value) if self.is_root and self.value > 0 else noise


class MetricJudge:
    """By any metric; labels are decided as the blend's own are, each fold by parameters fitted on the blend's other folds."""

    def __init__(
        self,
        blended: Blended,
        doubt: Doubt,
        truth: Numbers,
        task: str,
        metric: Metric,
        options: Mapping[str, Any],
        decision: str | Mapping[str, Any],
    ) -> None:
        self.blended, self.doubt = blended, doubt
        self.values = doubt.admit(blended.values)
        self.truth, self.task, self.metric, self.options = truth, task, metric, options
        self.sign = 1.0 if metric.higher_is_better else -1.0
        self.decision: Decision = decision_for(decision, task, metric, options)
        self.folds = [np.flatnonzero(blended.places == fold) for fold in range(len(blended.weights))]
        self.parameters = [self._fit(rows) for rows in self.folds]
        self.base = self._judged(self.values)
        self.value = float(metric(truth, self.base, **options))

    def _fit(self, held_out: Ints) -> dict[str, Any]:
        kept = np.delete(np.arange(len(self.truth)), held_out) if self.decision.learns else slice(None)
        return self.decision.fit(self.values[kept], self.truth[kept], self.task, self.metric, self.options)

    def _judged(self, mixed: Floats) -> Numbers:
        parts = [self.decision.apply(mixed[rows], found) for rows, found in zip(self.folds, self.parameters, strict=True)]
        labels = np.empty((len(mixed), *parts[0].shape[1:]), parts[0].dtype)
        for rows, part in zip(self.folds, parts, strict=True):
            labels[rows] = part
        # class indices alone do not say how many classes there are
        return one_hot(labels, mixed.shape[1]) if self.task == MULTICLASS and labels.ndim == 1 and mixed.ndim == 2 else labels

    def gain(self, mixed: Floats) -> tuple[float, float]:
        """Return the gain and its noise: from the rows where the metric is their mean, else from the folds."""
        judged = self._judged(self.doubt.admit(mixed))
        try:
            gain = self.sign * (self.metric(self.truth, judged, **self.options) - self.value)
        except MetricUndefined:
            return np.nan, np.nan
        rows, base = (self.metric.rows(self.truth, labels, **self.options) for labels in (judged, self.base))
        if rows is None or base is None:
            rows, base = self._by_fold(judged), self._by_fold(self.base)
        differences = rows - base
        differences = differences[np.isfinite(differences)]
        return float(gain), float(differences.std(ddof=1) / np.sqrt(len(differences))) if len(differences) > 1 else 0.0

    def _by_fold(self, judged: Numbers) -> Floats:
        values = np.full(len(self.folds), np.nan)
        for fold, rows in enumerate(self.folds):
            try:
                values[fold] = self.metric(self.truth[rows], judged[rows], **self.options)
            except MetricUndefined:
                continue
        return values


def judge_for(
    rows: SearchRows,
    predictions: Sequence[Floats],
    truth: Numbers,
    places: Ints,
    weights: Floats,
    task: str,
    metric: Metric,
    options: Mapping[str, Any],
    decision: str | Mapping[str, Any],
) -> Judge:
    """Return the judge of the blend with these weights, (folds, models): the search's own loss where that is the metric.

    What is judged is what an ensemble would make of these weights: the mixture with the doubt of the rows (`SearchRows.doubt`).
    """
    if metric.name == rows.metric and not decision_for(decision, task, metric, options).learns:
        metric.settings(options)
        return LossJudge(rows, weights)
    flat = [one_column_flat(values) if truth.ndim == 1 else values for values in predictions]
    return MetricJudge(Blended.of(flat, places, weights), rows.doubt, truth, task, metric, options, decision)
