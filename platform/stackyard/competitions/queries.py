"""Read competitions, their truth, their folds and their contract."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Prefetch, QuerySet

from stackyard.accounts.models import Team
from stackyard.competitions.models import Competition, CompetitionState, FoldSet
from stackyard.errors import NotFound, WrongState
from stackyard.storage.queries import load_array, path_of


def competitions_of(team: Team) -> QuerySet[Competition]:
    """Return a team's competitions, newest first, each with its active fold set and number of predictions."""
    active = Prefetch("fold_sets", FoldSet.objects.filter(active=True), to_attr="active_fold_sets")
    return (
        Competition.objects.filter(team=team)
        .select_related("created_by")
        .prefetch_related(active)
        .annotate(prediction_count=Count("predictions"))
        .order_by("-created_at", "-pk")
    )


def competition_for(team: Team, slug: str) -> Competition:
    """Return a team's competition; one of another team is as unknown as one that does not exist."""
    try:
        return competitions_of(team).get(slug=slug)
    except Competition.DoesNotExist as error:
        raise NotFound(f"expected a competition of your team, got {slug!r}") from error


def open_competition_for(team: Team, slug: str) -> Competition:
    """Return a competition that is ready for predictions; raise WrongState for one that is not."""
    competition = competition_for(team, slug)
    if competition.state != CompetitionState.OPEN:
        raise WrongState(f"expected {slug!r} to be open, it is {competition.state}")
    return competition


def active_fold_set(competition: Competition) -> FoldSet:
    """Return the fold set that everything new is made on."""
    return competition.fold_sets.get(active=True)


def label_groups_of(competition: Competition) -> list[dict[str, Any]]:
    """Return the rules between labels as the specification has them, by name; none where it has none."""
    groups: list[dict[str, Any]] = competition.spec.get("spec", {}).get("label_groups") or []
    return groups


def load_truth(competition: Competition) -> npt.NDArray[Any]:
    """Return the truth in the encoding of numerics.metrics: (n,), or bool (n, L) for multilabel."""
    return load_array(competition.truth_digest)


def load_folds(fold_set: FoldSet) -> npt.NDArray[np.int16]:
    """Return the fold of each train row, int16 (n,)."""
    return load_array(fold_set.array_digest)


def load_contract_json(competition: Competition, with_ids: bool) -> dict[str, Any]:
    """Return the contract as the API answers it; ids only on request, since they are long."""
    document: dict[str, Any] = json.loads(path_of(competition.contract_digest).read_bytes())
    return document if with_ids else {key: value for key, value in document.items() if key != "ids"}


def load_ids(competition: Competition) -> tuple[list[str], list[str]]:
    """Return the train ids and the test ids, in the row order of every aligned array."""
    ids = load_contract_json(competition, with_ids=True)["ids"]
    return ids["train"], ids["test"]


def row_of(competition: Competition) -> dict[str, Any]:
    """Return a competition as the API answers it; it must come from `competitions_of`."""
    folds = next(iter(competition.active_fold_sets), None)
    plain = (
        "slug",
        "name",
        "task",
        "metric",
        "metric_options",
        "higher_is_better",
        "state",
        "errors",
        "warnings",
        "id_column",
        "tags_column",
    )
    rest = ("classes", "train_rows", "test_rows", "sample", "submissions_per_day", "deadline", "created_at")
    return {
        **{name: getattr(competition, name) for name in (*plain, *rest)},
        "label_groups": label_groups_of(competition),
        "features": {"columns": competition.feature_columns, "digest": competition.features_digest}
        if competition.features_digest
        else None,
        "created_by": competition.created_by.username,
        "folds": folds and {"digest": folds.digest, "count": folds.count, "made_by": folds.made_by, "seed": folds.seed},
        "predictions": competition.prediction_count,
    }


def fold_report_of(competition: Competition) -> dict[str, Any]:
    """Return class by fold: sizes, counts, warnings."""
    folds = active_fold_set(competition)
    return {"digest": folds.digest, "count": folds.count, "made_by": folds.made_by, "seed": folds.seed, **folds.report}
