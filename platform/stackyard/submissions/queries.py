"""Read submissions, today's quota, and the prediction that a name means."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from stackyard.accounts.models import Team
from stackyard.competitions.models import Competition
from stackyard.errors import NotFound, WrongState
from stackyard.predictions.models import Prediction
from stackyard.predictions.queries import named_prediction, names_of, predictions_of
from stackyard.submissions.models import Submission


def submissions_of(competition: Competition) -> QuerySet[Submission]:
    """Return a competition's submissions, newest first."""
    return _whole_rows().filter(competition=competition).order_by("-number")


def submission_for(team: Team, key: int) -> Submission:
    """Return a team's submission; one of another team is as unknown as one that does not exist."""
    try:
        return _whole_rows().get(pk=key, competition__team=team)
    except Submission.DoesNotExist as error:
        raise NotFound(f"expected a submission of your team, got {key}") from error


def _whole_rows() -> QuerySet[Submission]:
    return Submission.objects.select_related("competition", "competition__team", "prediction__owner", "owner")


def prediction_named(competition: Competition, name: int | str) -> Prediction:
    """Return the prediction that an id, a name, or "owner/name" means; a name means its latest scored version.

    Digits in a string are a name first and an id second.
    Raises NotFound, and WrongState where no version of that name is scored or several members or variants have the name.
    """
    try:
        if isinstance(name, str):
            return named_prediction(competition, name)
        return _with_id(competition, name)
    except NotFound:
        if isinstance(name, str) and name.isdecimal():
            return _with_id(competition, int(name))
        _refuse_unscored(competition, name)
        raise


def _with_id(competition: Competition, key: int) -> Prediction:
    found = predictions_of(competition).filter(pk=key).first()
    if found is None:
        raise NotFound(f"expected the id or name of a prediction of {competition.slug!r}, got {key}")
    return found


def _refuse_unscored(competition: Competition, name: int | str) -> None:
    latest = next((row for row in predictions_of(competition) if name in names_of(row)), None)
    if latest is not None:
        raise WrongState(f"expected a scored prediction, {latest} is {latest.state}")


def taken_slots(competition: Competition, day: date) -> set[int]:
    """Return the places of a day's quota that are taken."""
    return set(competition.submissions.filter(day=day, slot__isnull=False).values_list("slot", flat=True))


def quota_of(competition: Competition) -> dict[str, Any]:
    """Return what is left of today's quota, and when the next day begins (UTC)."""
    now = timezone.now().astimezone(UTC)
    used = len(taken_slots(competition, now.date()))
    midnight = datetime.combine(now.date() + timedelta(days=1), time.min, tzinfo=UTC)
    left = max(0, competition.submissions_per_day - used)
    return {"per_day": competition.submissions_per_day, "used_today": used, "left_today": left, "resets_at": midnight}


def short_row_of(submission: Submission) -> dict[str, Any]:
    """Return a submission without its lineage, which grows with the number of models."""
    prediction = submission.prediction
    plain = ("id", "number", "state", "error", "digest", "rows", "day", "public_score", "private_score", "note", "created_at")
    return {
        **{name: getattr(submission, name) for name in plain},
        "competition": submission.competition.slug,
        "owner": submission.owner.username,
        "prediction": {
            "id": prediction.pk,
            "name": prediction.name,
            "version": prediction.version,
            "owner": prediction.owner.username,
            "level": prediction.level,
            "score": prediction.score,
        },
        "url": f"/api/v1/submissions/{submission.pk}",
    }


def row_of(submission: Submission) -> dict[str, Any]:
    """Return a submission as the API answers it; it must come from this module's queries."""
    return {**short_row_of(submission), "lineage": submission.lineage, "rebuild": submission.rebuild}
