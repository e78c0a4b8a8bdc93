"""Read predictions and their parts."""

from __future__ import annotations

from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery

from stackyard.accounts.models import Team
from stackyard.competitions.models import Competition
from stackyard.errors import NotFound, WrongState
from stackyard.predictions.models import PartState, Prediction, PredictionState


def predictions_of(competition: Competition) -> QuerySet[Prediction]:
    """Return a competition's predictions, newest first."""
    return _with_relations(competition.predictions.all()).order_by("-created_at", "-pk")


def _with_relations(rows: QuerySet[Prediction]) -> QuerySet[Prediction]:
    return rows.select_related("owner", "fold_set", "competition").prefetch_related("parts", "parents__owner")


def prediction_for(team: Team, key: int) -> Prediction:
    """Return a prediction of the team; a foreign one is as unknown as none."""
    try:
        return _with_relations(Prediction.objects.filter(competition__team=team)).get(pk=key)
    except Prediction.DoesNotExist as error:
        raise NotFound(f"expected a prediction of your team, got {key}") from error


def latest_only(rows: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """Keep the last version of each name (of one owner and variant)."""
    same = Prediction.objects.filter(
        competition=OuterRef("competition"), owner=OuterRef("owner"), name=OuterRef("name"), variant=OuterRef("variant")
    )
    last = same.order_by().values("name").annotate(last=Max("version")).values("last")
    return rows.filter(version=Subquery(last))


def named_prediction(competition: Competition, text: str) -> Prediction:
    """Return the latest scored prediction called `name`, `owner/name` or `name:variant`.

    Raises NotFound where there is none, and WrongState where several members or variants have that name.
    """
    found = [row for row in latest_scored(competition) if text in names_of(row)]
    if not found:
        raise NotFound(f"expected the name of a scored prediction of {competition.slug!r}, got {text!r}")
    if len(found) > 1:
        choices = ", ".join(sorted(names_of(row)[-1] for row in found))
        raise WrongState(f"expected a name that only one prediction has, {text!r} could be {choices}")
    return found[0]


def names_of(row: Prediction) -> list[str]:
    """Return what a prediction may be called, from the shortest to the one that is never ambiguous.

    A name may itself hold a slash, as those of level-2 predictions do.
    """
    short = [row.name] if not row.variant else [row.name, f"{row.name}:{row.variant}"]
    return [*short, *(f"{row.owner.username}/{name}" for name in short)]


def latest_scored(competition: Competition) -> QuerySet[Prediction]:
    """Return the last scored version of each name, in the order in which they came."""
    rows = competition.predictions.filter(state=PredictionState.SCORED).select_related("owner", "fold_set")
    newer = Prediction.objects.filter(
        competition=OuterRef("competition"),
        owner=OuterRef("owner"),
        name=OuterRef("name"),
        variant=OuterRef("variant"),
        state=PredictionState.SCORED,
    )
    last = newer.order_by().values("name").annotate(last=Max("version")).values("last")
    return rows.filter(version=Subquery(last)).order_by("pk")


def missing_folds(prediction: Prediction) -> list[int]:
    """Return the folds that an unfinished prediction still lacks."""
    if prediction.oof_digest or prediction.state in (PredictionState.SCORED, PredictionState.REJECTED):
        return []
    held = {part.fold for part in prediction.parts.all() if part.state == PartState.ACCEPTED}
    return [] if None in held else [fold for fold in range(prediction.fold_set.count) if fold not in held]


def part_rows(prediction: Prediction) -> list[dict[str, Any]]:
    """Return the uploads of a prediction, by fold."""
    parts = sorted(prediction.parts.all(), key=lambda part: -1 if part.fold is None else part.fold)
    names = ("fold", "state", "oof_name", "test_name", "errors")
    return [{name: getattr(part, name) for name in names} for part in parts]


def parent_rows(prediction: Prediction) -> list[dict[str, Any]]:
    """Return what a prediction was made of."""
    parents = sorted(prediction.parents.all(), key=lambda row: row.pk)
    return [{"id": row.pk, "name": row.name, "version": row.version, "owner": row.owner.username} for row in parents]
