"""The blend, its nested score and its decision: the end of an ensemble. Heavy."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from stackyard.accounts.services import record
from stackyard.ensembles.desk import Desk, keep, stack_oof, stack_test, stored_before
from stackyard.ensembles.fits import fits_of
from stackyard.ensembles.models import Ensemble, EnsembleOutput, EnsembleState
from stackyard.ensembles.progress import Progress, total_of
from stackyard.numerics.blending import STEPS, blend
from stackyard.numerics.evaluation import in_sample_score
from stackyard.numerics.stacking import NestedBlend, nested_blend
from stackyard.predictions.models import Prediction
from stackyard.scoring.models import Score
from stackyard.scoring.services import score_prediction
from stackyard.work.failures import LeaseLost

BLENDED = "blend"
"""The method under which the blended prediction is kept among an ensemble's outputs."""


def finish(desk: Desk, level2: list[Prediction], progress: Progress) -> None:
    """Blend level 2 and level 1, score the blend, and end the ensemble."""
    ensemble, competition = desk.ensemble, desk.ensemble.competition
    candidates = [*level2, *desk.inputs]
    progress.begin(f"{ensemble.recipe['blend']} blend: begins")
    mixed = nested_blend(
        stack_oof(candidates),
        desk.truth,
        desk.folds,
        ensemble.recipe["blend"],
        competition.metric,
        options=competition.metric_options,
        progress=progress.count,
    )
    prediction = stored_before(desk, ensemble.name) or _keep_blend(desk, candidates, mixed)
    score_prediction(prediction, decision=ensemble.recipe["decision"])
    _end_done(desk, prediction, candidates, mixed)


def _keep_blend(desk: Desk, candidates: list[Prediction], mixed: NestedBlend) -> Prediction:
    """Keep the blend. Its OOF rows are nested, so that its ranked score is; its test rows have the weights found on all rows."""
    tests = stack_test(candidates)
    recipe = {
        "method": desk.ensemble.recipe["blend"],
        "steps": STEPS,
        "decision": desk.ensemble.recipe["decision"],
        "weights": mixed.weights.tolist(),
        "weights_by_fold": {str(fold): weights.tolist() for fold, weights in mixed.weights_by_fold.items()},
        "doubt": asdict(mixed.doubt),
    }
    test = None if tests is None else mixed.doubt.admit(blend(tests, mixed.weights))
    return keep(desk, desk.ensemble.name, 3, mixed.oof, test, recipe, candidates)


def _in_sample_score(desk: Desk, mixed: NestedBlend) -> float:
    """Return the flattering score: weights and decision fitted on the very rows that they are judged on."""
    competition = desk.ensemble.competition
    return in_sample_score(
        desk.truth,
        mixed.in_sample,
        competition.task,
        competition.metric,
        competition.metric_options,
        desk.ensemble.recipe["decision"],
    )


def _end_done(desk: Desk, prediction: Prediction, candidates: list[Prediction], mixed: NestedBlend) -> None:
    ensemble, in_sample = desk.ensemble, _in_sample_score(desk, mixed)
    members = _members(desk, candidates, mixed.weights)
    report = {**ensemble.report, "members": members, "decision": prediction.score_row.decision, **_search_report(mixed)}
    found = {
        "state": EnsembleState.DONE,
        "score": prediction.score,
        "in_sample_score": in_sample,
        "weights": {row["name"]: row["weight"] for row in members if row["weight"] > 0},
        "report": report,
        "blended": prediction,
        "progress": {"done": total_of(ensemble), "total": total_of(ensemble), "sentence": "done"},
        "finished_at": timezone.now(),
    }
    with transaction.atomic():
        EnsembleOutput.objects.get_or_create(ensemble=ensemble, method=BLENDED, defaults={"prediction": prediction})
        if not Ensemble.objects.filter(pk=ensemble.pk, state=EnsembleState.RUNNING, lease_owner=desk.owner).update(**found):
            raise LeaseLost
        # The blend's out-of-fold rows are nested already: scoring alone cannot know how its weights flatter.
        Score.objects.filter(prediction=prediction).update(in_sample=in_sample)
        subject = f"{ensemble.competition.slug}/{ensemble.name}"
        record(ensemble.competition.team, ensemble.owner, "ensemble finished", subject, score=prediction.score)


def _members(desk: Desk, candidates: list[Prediction], weights: np.ndarray) -> list[dict[str, Any]]:
    """Return what was blended, heaviest first: level-2 models under their own names, inputs under those they were frozen with."""
    methods = {f"{desk.ensemble.name}/{fit.key}": fit.key for fit in fits_of(desk.ensemble.recipe)}
    labels = {row["id"]: row["label"] for row in desk.ensemble.inputs}
    in_sample = dict(Score.objects.filter(prediction__in=candidates).values_list("prediction", "in_sample"))
    members = [
        {
            "prediction": row.pk,
            "name": labels.get(row.pk, row.name),
            "method": methods.get(row.name, "") if row.level == 2 else "",
            "level": row.level,
            "score": row.score,
            "in_sample": in_sample[row.pk],
            "weight": weight,
        }
        for row, weight in zip(candidates, weights.tolist(), strict=True)
    ]
    return sorted(members, key=lambda row: -row["weight"])


def _search_report(mixed: NestedBlend) -> dict[str, Any]:
    """Return the weights found on each fold's others, and the greedy path; both in the order of the blend's parents."""
    path = mixed.path
    return {
        "weights_by_fold": {str(fold): weights.tolist() for fold, weights in mixed.weights_by_fold.items()},
        "path": None if path is None else {"picks": path.picks.tolist(), "values": path.values.tolist()},
    }
