"""Ask for a submission file, write down what came of it, have it made again. Light: workers do the making (`building`, `rebuilding`)."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from stackyard.accounts.models import User
from stackyard.accounts.services import record
from stackyard.competitions.models import Competition
from stackyard.errors import DeadlinePassed, QuotaExceeded, StackyardError, WorkerLost, WrongState
from stackyard.predictions.models import Prediction, PredictionState
from stackyard.submissions.models import Submission, SubmissionState
from stackyard.submissions.queries import taken_slots

TRIES_AT_A_PLACE = 1000
"""Each try that fails means that another submission took the place, so this many only fail where that many come at once."""


def make_submission(competition: Competition, owner: User, prediction: Prediction, note: str = "") -> Submission:
    """Take a place of today's quota for a prediction; a worker then writes the file.

    Raises DeadlinePassed, WrongState (not scored, no test predictions), QuotaExceeded.
    """
    _check(competition, prediction)
    for _ in range(TRIES_AT_A_PLACE):
        try:
            with transaction.atomic():
                number, day, slot = _next_place(competition)
                submission = Submission.objects.create(
                    competition=competition, prediction=prediction, owner=owner, note=note, number=number, day=day, slot=slot
                )
                record(competition.team, owner, "submission made", f"{competition.slug}/{number}", prediction=str(prediction))
                return submission
        except IntegrityError:
            continue  # another submission took this number or place in between
    raise WrongState("expected a free place for the submission; too many came at once")


def _check(competition: Competition, prediction: Prediction) -> None:
    if competition.deadline is not None and timezone.now() > competition.deadline:
        raise DeadlinePassed(f"expected a submission by {competition.deadline.isoformat()}, the deadline has passed")
    if prediction.state != PredictionState.SCORED:
        raise WrongState(f"expected a scored prediction, {prediction} is {prediction.state}")
    if not prediction.test_digest:
        raise WrongState(f"expected a prediction with test predictions, {prediction} has none")


def _next_place(competition: Competition) -> tuple[int, date, int]:
    """Return the next number, today, and the first free place of today's quota."""
    day = today()
    taken = taken_slots(competition, day)
    free = next((slot for slot in range(1, competition.submissions_per_day + 1) if slot not in taken), None)
    if free is None:
        raise QuotaExceeded(f"expected at most {competition.submissions_per_day} submissions a day (UTC); today's are used up")
    last = competition.submissions.aggregate(last=Max("number"))["last"] or 0
    return last + 1, day, free


def today() -> date:
    """Return the UTC day, whose quota counts."""
    return timezone.now().astimezone(UTC).date()


def finish_submission(key: int, owner: str, digest: str, rows: int, lineage: dict[str, Any]) -> bool:
    """Keep the file that a worker wrote; False when its lease was taken away or the submission has already ended."""
    waiting = unbuilt_submissions().filter(pk=key, lease_owner=owner)
    return bool(waiting.update(state=SubmissionState.BUILT, digest=digest, rows=rows, lineage=lineage))


def fail_submission(key: int, error: StackyardError, owner: str | None = None) -> bool:
    """End a submission for a named reason, and give its place of the day back.

    owner: whose lease must still hold; None where nobody holds one.
    """
    waiting = unbuilt_submissions().filter(pk=key)
    if owner is not None:
        waiting = waiting.filter(lease_owner=owner)
    return bool(waiting.update(state=SubmissionState.FAILED, error=error.as_json(), slot=None))


def unbuilt_submissions() -> QuerySet[Submission]:
    """Return the submissions whose file a worker must still write."""
    return Submission.objects.filter(state=SubmissionState.QUEUED)


def give_up_submission(key: int) -> None:
    """End a submission that its worker died on in every attempt."""
    submission = Submission.objects.get(pk=key)
    fail_submission(key, WorkerLost(f"expected the file to be written; the worker died at it {submission.attempt} times"))


def ask_rebuild(submission: Submission, deep: bool = False) -> str:
    """Have the file made again from its lineage; return the key by which this rebuild is known.

    deep: fit level-2 models again and read the uploaded files again, too; else their stored arrays are where the rebuild begins.
    Raises WrongState for a submission that has no file.
    """
    if submission.state != SubmissionState.BUILT:
        raise WrongState(f"expected a submission that is built, number {submission.number} is {submission.state}")
    key = uuid4().hex
    Submission.objects.filter(pk=submission.pk).update(rebuild={"key": key, "state": "queued", "deep": deep})
    return key


def finish_rebuild(key: int, asked: str, outcome: dict[str, Any]) -> None:
    """Write down what came of the rebuild known as `asked`, unless another has been asked for since."""
    Submission.objects.filter(pk=key, rebuild__key=asked).update(rebuild={"key": asked, **outcome})


def note_result(submission: Submission, actor: User, changes: dict[str, Any]) -> Submission:
    """Write down what the competition's host answered: public_score, private_score, note; only what is given changes."""
    with transaction.atomic():
        Submission.objects.filter(pk=submission.pk).update(**changes)
        record(
            submission.competition.team, actor, "submission result noted", f"{submission.competition.slug}/{submission.number}", **changes
        )
    submission.refresh_from_db()
    return submission
