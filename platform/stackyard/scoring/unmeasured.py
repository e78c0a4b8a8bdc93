"""Scores of which nobody has said yet how sure they are. Light: the clock asks, a worker measures (`measuring`)."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from stackyard.scoring.models import Score


def unmeasured_scores() -> QuerySet[Score]:
    """Return the scores that a worker must still look at."""
    return Score.objects.filter(measured_at=None).exclude(judged_digest="")


def give_up_measuring(key: int) -> None:
    """Leave a score without an interval after its worker died at it in every attempt; the score itself stands."""
    unmeasured_scores().filter(pk=key).update(measured_at=timezone.now())
