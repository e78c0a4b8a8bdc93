"""Ask for insights when predictions have come, and write down how they ended. Light: a worker does the computing (`insight_running`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Count, F, Max, Q, QuerySet

from stackyard.competitions.models import Competition, CompetitionState
from stackyard.ensembles.models import Ensemble, EnsembleState, Insight, InsightState
from stackyard.errors import StackyardError, WorkerLost
from stackyard.predictions.models import Prediction, PredictionState

UNFINISHED = (InsightState.QUEUED, InsightState.RUNNING)
QUIET = timedelta(seconds=10)
"""An insight is made once no prediction has come for so long: uploads often come in bunches."""
LONGEST_WAIT = timedelta(seconds=60)
"""But where they come without end, no longer after the last insight than this."""
PATIENCE = timedelta(minutes=10)
"""Ensembles that are queued or running go first, since somebody waits for them; but no longer after the last prediction than this."""
MADE_BY = 3
"""To be raised when the report says more, or something else."""

SCORED = Q(predictions__level=1, predictions__state=PredictionState.SCORED)


def count_scored(competition: Competition) -> int:
    """Return how many level-1 predictions of a competition are scored, whatever their version."""
    return Prediction.objects.filter(competition=competition, level=1, state=PredictionState.SCORED).count()


def ask_for_insights(now: datetime) -> list[int]:
    """Queue the insights that are out of date and whose predictions have come to rest; return their keys, to be sent.

    Many may ask at once: each key is returned to one of them.
    """
    open_ones = Competition.objects.filter(state=CompetitionState.OPEN)
    counted = open_ones.annotate(scored=Count("predictions", filter=SCORED), newest=Max("predictions__scored_at", filter=SCORED))
    outdated = counted.filter(scored__gt=0).exclude(insight__seen=F("scored"), insight__made_by=MADE_BY)
    rested = Q(newest__lte=now - QUIET) | Q(insight__computed_at__lte=now - LONGEST_WAIT)
    if Ensemble.objects.filter(state__in=(EnsembleState.QUEUED, EnsembleState.RUNNING)).exists():
        rested &= Q(newest__lte=now - PATIENCE)
    due = outdated.exclude(insight__state__in=UNFINISHED).filter(rested)
    asked = [_queue(competition, now) for competition in due.select_related(None).only("pk")]
    return [key for key in asked if key is not None]


def _queue(competition: Competition, now: datetime) -> int | None:
    """Return the key of the competition's insight, unless somebody else queued it."""
    try:
        insight, made = Insight.objects.get_or_create(competition=competition, defaults={"queued_at": now})
    except IntegrityError:
        return None
    ended = Insight.objects.filter(pk=insight.pk).exclude(state__in=UNFINISHED)
    return insight.pk if made or ended.update(state=InsightState.QUEUED, queued_at=now) else None


def end_insight(key: int, error: StackyardError, owner: str | None = None) -> None:
    """End an unfinished insight as failed; the last report stays. It is tried again when further predictions have come.

    owner: whose lease must still hold; None where nobody holds one.
    """
    rows = Insight.objects.filter(pk=key, state__in=UNFINISHED)
    if owner is not None:
        rows = rows.filter(lease_owner=owner)
    rows.update(state=InsightState.FAILED, error=error.as_json(), made_by=MADE_BY)


def unfinished_insights() -> QuerySet[Insight]:
    """Return the insights that a worker must still look at."""
    return Insight.objects.filter(state__in=UNFINISHED).defer("report")


def give_up_insight(key: int) -> None:
    """End an insight that its worker died on in every attempt."""
    insight = Insight.objects.select_related("competition").defer("report").get(pk=key)
    Insight.objects.filter(pk=key).update(seen=count_scored(insight.competition))
    end_insight(key, WorkerLost(f"expected the insight to be computed; the worker died at it {insight.attempt} times"))
