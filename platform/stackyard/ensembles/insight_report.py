"""The report of an insight: what numerics says of a competition's level-1 predictions, as JSON. Heavy: for workers only.

Models are named by the keys of their predictions throughout; a number that does not exist is null.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackyard.competitions.models import Competition, FoldSet
from stackyard.competitions.queries import load_folds, load_truth
from stackyard.ensembles.services import labels_of
from stackyard.errors import MetricUndefined
from stackyard.numerics.contributions import Contributions, contributions
from stackyard.numerics.diagnostics import diagnose
from stackyard.numerics.diversity import Diversity, compare_models, label_disagreement
from stackyard.numerics.duplicates import find_duplicates
from stackyard.numerics.evaluation import apply_decision
from stackyard.numerics.findings import Finding
from stackyard.numerics.label_metrics import labels_of as decided_at_half
from stackyard.numerics.left_out import Reason, explain_weights
from stackyard.numerics.metrics import REGRESSION
from stackyard.numerics.rows_of_models import Models
from stackyard.predictions.models import Prediction
from stackyard.storage.queries import load_array

DIGITS = 5
"""Of a correlation: what a copy differs by from a near copy."""


@dataclass(frozen=True)
class Inputs:
    """What an insight is about."""

    competition: Competition
    folds: FoldSet
    rows: list[Prediction]
    """With their scores, in the order in which they came."""


def make_report(inputs: Inputs) -> dict[str, Any]:
    """Return the report. Arrays are memory-mapped; a model or a column of all models is in memory at a time."""
    models, keys = load_models(inputs), [row.pk for row in inputs.rows]
    diversity = compare_models(models.oof, models.task)
    notes: list[str] = []
    try:
        found = contributions(
            models.oof, models.truth, models.folds, models.task, inputs.competition.metric, inputs.competition.metric_options
        )
    except MetricUndefined as error:  # what is said of correlations and rows holds all the same
        found = None
        notes.append(f"no contributions: {error.detail}")
    return {
        "models": [_model(inputs, place, name, diversity) for place, name in enumerate(models.names)],
        "correlation": _correlation(inputs, models, diversity),
        "clusters": _clusters(keys, diversity),
        "findings": [_finding(keys, finding) for finding in diagnose(models)],
        "contributions": found and _contributions(inputs, models, diversity, found),
        "notes": notes,
    }


def load_models(inputs: Inputs) -> Models:
    """Return the predictions as numerics takes them."""
    rows, competition = inputs.rows, inputs.competition
    return Models(
        names=labels_of(rows),
        oof=[load_array(row.oof_digest) for row in rows],
        truth=load_truth(competition),
        folds=load_folds(inputs.folds),
        task=competition.task,
        test=[load_array(row.test_digest) if row.test_digest else None for row in rows],
        classes=competition.classes,
        fold_values=np.array([[math.nan if value is None else value for value in row.score_row.by_fold] for row in rows], np.float64),
        higher_is_better=competition.higher_is_better,
    )


def _model(inputs: Inputs, place: int, name: str, diversity: Diversity) -> dict[str, Any]:
    row, nearest = inputs.rows[place], int(diversity.nearest[place])
    return {
        "id": row.pk,
        "name": name,
        "owner": row.owner.username,
        "variant": row.variant,
        "version": row.version,
        "score": row.score,
        "cluster": int(diversity.clusters[place]),
        "nearest": inputs.rows[nearest].pk if nearest >= 0 else None,
        "nearest_correlation": _number(diversity.pearson[place, nearest]) if nearest >= 0 else None,
        "redundancy": _number(diversity.redundancy[place]),
    }


def _correlation(inputs: Inputs, models: Models, diversity: Diversity) -> dict[str, Any]:
    labels = _decided(inputs, models)
    return {
        "order": [inputs.rows[place].pk for place in diversity.order.tolist()],
        "rows": diversity.rows,
        "effective": diversity.effective,
        "pearson": diversity.pearson.round(DIGITS).tolist(),
        "spearman": diversity.spearman.round(DIGITS).tolist(),
        "disagreement": None if labels is None else label_disagreement(labels).round(DIGITS).tolist(),
    }


def _decided(inputs: Inputs, models: Models) -> list[Any] | None:
    """Return what each model's own decision makes of its rows; where the metric needs none, the likeliest; nothing for a regression."""
    if models.task == REGRESSION:
        return None
    decisions = [row.score_row.decision for row in inputs.rows]
    return [
        decided_at_half(models.truth, np.asarray(oof)) if name["name"] == "none" else apply_decision(name["name"], name["parameters"], oof)
        for name, oof in zip(decisions, models.oof, strict=True)
    ]


def _clusters(keys: list[int], diversity: Diversity) -> list[dict[str, Any]]:
    numbers = range(int(diversity.clusters.max()) + 1)
    return [{"number": number, "models": [keys[place] for place in np.flatnonzero(diversity.clusters == number)]} for number in numbers]


def _finding(keys: list[int], finding: Finding) -> dict[str, Any]:
    plain = ("kind", "severity", "sentence", "numbers")
    return {**{name: getattr(finding, name) for name in plain}, "models": [keys[place] for place in finding.models]}


def _contributions(inputs: Inputs, models: Models, diversity: Diversity, found: Contributions) -> dict[str, Any]:
    keys, values = [row.pk for row in inputs.rows], np.array([row.score for row in inputs.rows])
    reasons = explain_weights(models.names, values, diversity.pearson, find_duplicates(models.oof), found)
    return {
        "metric": found.metric,
        "searched_by": found.searched_by,
        "higher_is_better": inputs.competition.higher_is_better,
        "value": _number(found.value),
        "path": {"picks": [keys[place] for place in found.path.picks.tolist()], "values": found.path.values.tolist()},
        "steps": found.path.best_step,
        "models": [_contribution(keys, place, reason, found) for place, reason in enumerate(reasons)],
    }


def _contribution(keys: list[int], place: int, reason: Reason, found: Contributions) -> dict[str, Any]:
    plain = ("add_gain", "add_share", "add_noise", "drop_gain", "drop_noise")
    return {
        "id": keys[place],
        "weight": float(found.path.weights[place]),
        "weights_by_fold": found.weights_by_fold[:, place].tolist(),
        **{name: _number(getattr(found, name)[place]) for name in plain},
        "reason": {
            "kind": reason.kind,
            "sentence": reason.sentence,
            "numbers": {name: _number(value) for name, value in reason.numbers.items()},
            "twin": keys[reason.twin] if reason.twin >= 0 else None,
        },
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
