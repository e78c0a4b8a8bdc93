"""Where a file came from, as JSON that needs no database row to be read again: all that its bytes depend on, named by digest."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

from stackyard.predictions.models import Prediction
from stackyard.submissions.models import Submission

FORM = 1
PACKAGES = ("stackyard", "numpy", "scipy", "polars", "numba", "scikit-learn", "torch")


def lineage_of(submission: Submission) -> dict[str, Any]:
    """Return {form, competition, contract, folds, sample, prediction, test_array, decision, predictions, software}.

    predictions: the submitted one and everything that it was made of, down to the files as they were uploaded, each once.
    """
    prediction = submission.prediction
    competition = submission.competition
    return {
        "form": FORM,
        "competition": competition.slug,
        "contract": competition.contract_digest,
        "truth": competition.truth_digest,
        "folds": {"digest": prediction.fold_set.digest, "array": prediction.fold_set.array_digest},
        "sample": competition.sample,
        "prediction": prediction.pk,
        "test_array": prediction.test_digest,
        "decision": prediction.score_row.decision,
        "predictions": [_node(row) for row in _with_ancestors(prediction)],
        "software": {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}},
    }


def _with_ancestors(prediction: Prediction) -> list[Prediction]:
    """Return a prediction and all that it was made of, each once, ordered by key: a level at a time, so one query a level."""
    found: dict[int, Prediction] = {}
    wanted = {prediction.pk}
    while wanted:
        rows = Prediction.objects.filter(pk__in=wanted).select_related("owner").prefetch_related("parents", "parts")
        found.update({row.pk: row for row in rows})
        wanted = {parent.pk for row in rows for parent in row.parents.all()} - found.keys()
    return [found[key] for key in sorted(found)]


def _node(row: Prediction) -> dict[str, Any]:
    plain = ("id", "name", "variant", "version", "level", "recipe", "repeats", "empty_tags", "oof_digest", "test_digest")
    parts = sorted(row.parts.all(), key=lambda part: -1 if part.fold is None else part.fold)
    names = ("fold", "oof_blob", "oof_name", "oof_digest", "test_blob", "test_name", "test_digest")
    return {
        **{name: getattr(row, name) for name in plain},
        "owner": row.owner.username,
        "parents": sorted(parent.pk for parent in row.parents.all()),
        "parts": [{name: getattr(part, name) for name in names} for part in parts],
    }
