"""Create a competition. Reading its files is for a worker (`preparing`)."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from stackyard.accounts.models import Team, User
from stackyard.accounts.services import record
from stackyard.competitions.models import Competition, CompetitionState
from stackyard.contract.spec import Spec, parse_spec
from stackyard.errors import BlobUnknown, NameTaken, StackyardError, WorkerLost
from stackyard.storage.queries import require


def create_competition(team: Team, author: User, spec: dict[str, Any], files: dict[str, str]) -> Competition:
    """Keep a specification and the blobs that it names; a worker then prepares it.

    spec: the parsed SPEC.toml. files: each file name in it -> SHA-256 of a blob that the team holds.
    Raises SpecInvalid, BlobUnknown, NameTaken.
    """
    rules = parse_spec(spec)
    _require_files(team, rules, files)
    try:
        with transaction.atomic():
            # A rejected attempt never held anything: the next one wants the same slug.
            Competition.objects.filter(team=team, slug=rules.slug, state=CompetitionState.REJECTED).delete()
            competition = Competition.objects.create(
                team=team,
                slug=rules.slug,
                name=rules.name,
                task=rules.task,
                metric=rules.metric,
                metric_options=dict(rules.metric_options),
                spec={"spec": spec, "files": files},
                id_column=rules.id_column,
                submissions_per_day=rules.submissions_per_day,
                deadline=rules.deadline,
                created_by=author,
            )
            record(team, author, "competition created", rules.slug)
    except IntegrityError as error:
        raise NameTaken(f"expected a slug that your team has not used, got {rules.slug!r}") from error
    return competition


def _require_files(team: Team, rules: Spec, files: dict[str, str]) -> None:
    for name in rules.files.values():
        if name not in files:
            raise BlobUnknown(f"expected a blob for each file of the specification, got none for {name!r}")
        require(team.pk, files[name])


def reject_competition(competition: Competition, error: StackyardError) -> None:
    """Record why a competition cannot be opened."""
    Competition.objects.filter(pk=competition.pk, state=CompetitionState.PREPARING).update(
        state=CompetitionState.REJECTED, errors=[error.as_json()]
    )


def unprepared_competitions() -> QuerySet[Competition]:
    """Return the competitions that a worker must still open."""
    return Competition.objects.filter(state=CompetitionState.PREPARING)


def give_up_competition(key: int) -> None:
    """Reject a competition that its worker died on in every attempt."""
    competition = Competition.objects.get(pk=key)
    reject_competition(competition, WorkerLost(f"expected its files to be read; the worker died at it {competition.attempt} times"))
