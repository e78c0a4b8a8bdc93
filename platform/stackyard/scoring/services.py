"""Score predictions: the state, the score and the digests change together. Heavy: for workers only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from stackyard.accounts.services import record
from stackyard.competitions.queries import load_folds, load_truth
from stackyard.errors import StackyardError
from stackyard.numerics.evaluation import Evaluation, evaluate
from stackyard.predictions.models import Part, PartState, Prediction, PredictionState
from stackyard.predictions.reading import Arrays, read_waiting_parts, settle
from stackyard.predictions.services import UNFINISHED, reject_with
from stackyard.scoring.deciding import asked_decision
from stackyard.scoring.models import Comparison, Score
from stackyard.scoring.notes import notes_on
from stackyard.scoring.tasks import measure
from stackyard.storage.queries import load_array
from stackyard.storage.services import store_array
from stackyard.work.leases import claim, holding, new_owner
from stackyard.work.sending import send_on_commit


def read_and_score(key: int) -> None:
    """Read what waits, and score the prediction if that makes it whole; safe to run twice.

    A part that arrives while this runs is seen by the last look, after the lease is given back.
    """
    while _once(key) and Part.objects.filter(prediction=key, state=PartState.WAITING).exists():
        pass


def _once(key: int) -> bool:
    owner = new_owner()
    if not claim(Prediction.objects.filter(pk=key, state__in=UNFINISHED), owner):
        return False
    with holding(Prediction.objects.filter(pk=key), owner):
        prediction = Prediction.objects.select_related("competition__team", "fold_set", "owner").get(pk=key)
        read_waiting_parts(prediction)
        arrays = settle(prediction)
        if arrays is not None:
            try:
                noted = replace(arrays, notes=[*arrays.notes, *notes_on(prediction, arrays)])
                score_prediction(prediction, noted)
            except StackyardError as error:
                reject_with(prediction, error)
    return True


def score_prediction(prediction: Prediction, arrays: Arrays | None = None, decision: str | Mapping[str, Any] = "auto") -> Evaluation:
    """Score the out-of-fold rows and write state, score and digests in one transaction; scoring again replaces the score.

    How sure the score is, a later task measures: nobody waits for it.
    arrays: where they are, unless the prediction itself says so. decision: as asked_decision takes it.
    """
    arrays = arrays or Arrays(prediction.oof_digest, prediction.test_digest, [])
    competition = prediction.competition
    oof = load_array(arrays.oof)
    evaluation = evaluate(
        load_truth(competition),
        oof,
        load_folds(prediction.fold_set),
        competition.task,
        competition.metric,
        competition.metric_options,
        asked_decision(competition, decision),
    )
    same = np.may_share_memory(evaluation.judged, oof)
    judged_digest = arrays.oof if same else store_array(competition.team_id, evaluation.judged)
    fields = _score_fields(competition.metric, competition.classes, evaluation)
    with transaction.atomic():
        Prediction.objects.filter(pk=prediction.pk).update(
            state=PredictionState.SCORED,
            score=evaluation.score,
            oof_digest=arrays.oof,
            test_digest=arrays.test,
            notes=[*prediction.notes, *arrays.notes],
            errors=[],
            scored_at=timezone.now(),
        )
        score, _ = Score.objects.update_or_create(prediction=prediction, defaults={**fields, **_unmeasured(judged_digest)})
        Comparison.objects.filter(Q(above=prediction) | Q(below=prediction)).delete()
        record(competition.team, prediction.owner, "prediction scored", f"{competition.slug}/{prediction}", score=evaluation.score)
        send_on_commit(measure, score.pk)
    prediction.refresh_from_db()
    return evaluation


def _score_fields(metric: str, classes: list[str], evaluation: Evaluation) -> dict[str, Any]:
    by_class = zip(classes, evaluation.by_class, strict=True) if evaluation.by_class else ()
    return {
        "metric": metric,
        "value": evaluation.score,
        "mean": evaluation.mean,
        "std": evaluation.std,
        "by_fold": list(evaluation.by_fold),
        "by_class": [{"class": name, "value": value} for name, value in by_class],
        "in_sample": evaluation.in_sample,
        "decision": evaluation.as_decision(),
        "computed_at": timezone.now(),
    }


def _unmeasured(judged_digest: str) -> dict[str, Any]:
    found = {"resampled_digest": "", "low": None, "high": None, "measured_at": None}
    return {"judged_digest": judged_digest, **found, "queued_at": timezone.now(), "attempt": 0}
