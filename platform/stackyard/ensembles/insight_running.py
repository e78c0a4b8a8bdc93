"""Compute an insight: correlations, contributions, warnings. Heavy: for workers only."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils import timezone

from stackyard.competitions.queries import active_fold_set
from stackyard.contract.digests import canonical_json
from stackyard.ensembles.insight_report import Inputs, make_report
from stackyard.ensembles.insights import MADE_BY, UNFINISHED, count_scored, end_insight
from stackyard.ensembles.models import Insight, InsightState
from stackyard.predictions.models import Prediction
from stackyard.predictions.queries import latest_scored
from stackyard.work.failures import LeaseLost, naming_failure
from stackyard.work.leases import claim, holding, new_owner


def compute_insight(key: int) -> None:
    """Bring one insight to `done` or `failed`; safe to run twice. Inputs that are the same as last time are not looked at again."""
    owner = new_owner()
    if not claim(Insight.objects.filter(pk=key, state__in=UNFINISHED), owner):
        return
    ends = naming_failure("the insight to be computed", lambda error: end_insight(key, error, owner))
    with holding(Insight.objects.filter(pk=key), owner), ends:
        insight = Insight.objects.select_related("competition__team").get(pk=key)
        mine = Insight.objects.filter(pk=key, lease_owner=owner)
        # counted before the inputs are read: what comes in between is then seen to be missing
        mine.update(state=InsightState.RUNNING, seen=count_scored(insight.competition))
        folds = active_fold_set(insight.competition)
        rows = list(latest_scored(insight.competition).filter(level=1, fold_set=folds).select_related("score_row"))
        inputs = Inputs(insight.competition, folds, rows)
        done: dict[str, Any] = {"state": InsightState.DONE, "made_by": MADE_BY, "error": {}, "computed_at": timezone.now()}
        digest = digest_of(inputs)
        if digest != insight.digest or insight.made_by != MADE_BY:
            done |= {"digest": digest, "report": make_report(inputs)}
        if not mine.update(**done):
            raise LeaseLost


def digest_of(inputs: Inputs) -> str:
    """Return the SHA-256 of what the report is made from."""
    competition = inputs.competition
    frame = [competition.truth_digest, inputs.folds.digest, competition.metric, competition.metric_options]
    return hashlib.sha256(canonical_json([frame, [_named(row) for row in inputs.rows]]).encode()).hexdigest()


def _named(row: Prediction) -> list[Any]:
    return [row.pk, row.score, row.oof_digest, row.test_digest]
