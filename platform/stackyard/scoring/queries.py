"""The leaderboard, one prediction with its score, and the model x fold grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from stackyard.competitions.models import Competition
from stackyard.predictions.models import PartState, Prediction, PredictionState
from stackyard.predictions.queries import latest_only, missing_folds, parent_rows, part_rows
from stackyard.scoring.models import Comparison, Score

ORDERINGS = ("rank", "score", "name", "owner", "level", "std", "created_at")


@dataclass(frozen=True)
class BoardFilter:
    """What a reader wants to see of the leaderboard; empty values do not filter."""

    level: int | None = None
    owner: str = ""
    variant: str | None = None
    search: str = ""
    state: str = PredictionState.SCORED
    versions: str = "latest"
    ordering: str = "rank"


def leaderboard(competition: Competition, wanted: BoardFilter | None = None) -> list[dict[str, Any]]:
    """Return scored predictions, best first, ties by earlier; others come last, without a rank.

    Ranks are those among all that `level` and `versions` let in: looking for one's own does not change its rank.
    """
    wanted = wanted or BoardFilter()
    rows = _ranked_rows(competition, wanted)
    kept = [row for row in rows if _is_wanted(row, wanted)]
    name = wanted.ordering.lstrip("-")
    if name == "rank":
        return kept[::-1] if wanted.ordering.startswith("-") else kept
    key = {"std": "std", "score": "score"}.get(name, name)
    present = sorted((row for row in kept if row[key] is not None), key=lambda row: row[key], reverse=wanted.ordering.startswith("-"))
    return present + [row for row in kept if row[key] is None]


def _ranked_rows(competition: Competition, wanted: BoardFilter) -> list[dict[str, Any]]:
    """Return the lines of a ranking, each with its mark: whether it is within noise of the line above it."""
    rows = ranked(competition, wanted).select_related("owner", "fold_set", "score_row").prefetch_related("parts")
    compared = Comparison.objects.filter(below__competition=competition).values_list("above", "below", "within_noise")
    marks = {(above, below): is_noise for above, below, is_noise in compared}
    lines, above = [], 0
    for rank, row in enumerate(rows, 1):
        is_ranked = row.score is not None
        lines.append(board_row(row, rank if is_ranked else None, marks.get((above, row.pk)) if is_ranked else None))
        above = row.pk
    return lines


def ranked(competition: Competition, wanted: BoardFilter) -> QuerySet[Prediction]:
    """Return what level, versions and state let in, best first, ties by earlier; unranked ones last."""
    rows = competition.predictions.all()
    if wanted.versions == "latest":
        rows = _latest(rows, wanted.state)
    if wanted.level is not None:
        rows = rows.filter(level=wanted.level)
    if wanted.state != "all":
        rows = rows.filter(state=wanted.state)
    best = F("score").desc(nulls_last=True) if competition.higher_is_better else F("score").asc(nulls_last=True)
    return rows.order_by(best, "scored_at", "pk")


def _latest(rows: QuerySet[Prediction], state: str) -> QuerySet[Prediction]:
    """Keep the last scored version of each name, so that a rejected new version never hides a good old one; and newer unfinished ones."""
    if state == "all":
        return rows.filter(Q(pk__in=latest_only(rows).values("pk")) | Q(pk__in=_last_scored(rows)))
    if state == PredictionState.SCORED:
        return rows.filter(pk__in=_last_scored(rows))
    return latest_only(rows)


def _last_scored(rows: QuerySet[Prediction]) -> list[int]:
    last: dict[tuple[Any, ...], int] = {}
    scored = rows.filter(state=PredictionState.SCORED).order_by("version")
    for key, *name in scored.values_list("pk", "owner_id", "name", "variant"):
        last[tuple(name)] = key
    return list(last.values())


def _is_wanted(row: dict[str, Any], wanted: BoardFilter) -> bool:
    return (
        (not wanted.owner or row["owner"] == wanted.owner)
        and (wanted.variant is None or row["variant"] == wanted.variant)
        and wanted.search.lower() in f"{row['owner']}/{row['name']}:{row['variant']}".lower()
    )


def board_row(row: Prediction, rank: int | None, within_noise: bool | None = None) -> dict[str, Any]:
    """Return one line of the leaderboard; within_noise: of the line above it, None where that is not known."""
    score = _score_of(row)
    count = row.fold_set.count
    return {
        "rank": rank,
        "id": row.pk,
        "name": row.name,
        "owner": row.owner.username,
        "level": row.level,
        "variant": row.variant,
        "version": row.version,
        "score": row.score,
        **_sureness(row, score),
        "within_noise": within_noise,
        "mean": score and score.mean,
        "std": score and score.std,
        "by_fold": score.by_fold if score else [],
        "folds": f"{_folds_held(row, count)}/{count}",
        "state": row.state,
        "has_test": bool(row.test_digest),
        "created_at": row.created_at,
    }


def _sureness(row: Prediction, score: Score | None) -> dict[str, float | None]:
    """Return the interval of the score, and how much the in-sample one flatters: positive where it does, whichever way the metric runs."""
    if score is None:
        return dict.fromkeys(("low", "high", "in_sample", "gap"))
    flattery = score.in_sample - score.value
    gap = flattery if row.competition.higher_is_better else -flattery
    return {"low": score.low, "high": score.high, "in_sample": score.in_sample, "gap": gap + 0.0}


def _score_of(row: Prediction) -> Score | None:
    return row.score_row if row.state == PredictionState.SCORED and hasattr(row, "score_row") else None


def _folds_held(row: Prediction, count: int) -> int:
    if row.oof_digest:
        return count
    held = {part.fold for part in row.parts.all() if part.state == PartState.ACCEPTED}
    return count if None in held else len(held)


def prediction_row(row: Prediction) -> dict[str, Any]:
    """Return one prediction with all that is known of it."""
    score = _score_of(row)
    plain = ("name", "variant", "version", "level", "state", "score", "errors", "notes", "recipe", "created_at", "scored_at")
    return {
        "id": row.pk,
        "competition": row.competition.slug,
        "owner": row.owner.username,
        **{name: getattr(row, name) for name in plain},
        "metric": row.competition.metric,
        **_sureness(row, score),
        "mean": score and score.mean,
        "std": score and score.std,
        "by_fold": score.by_fold if score else [],
        "by_class": score.by_class if score else [],
        "decision": score.decision if score else {},
        "parts": part_rows(row),
        "missing_folds": missing_folds(row),
        "has_test": bool(row.test_digest),
        "parents": parent_rows(row),
        "folds": row.fold_set.digest,
        "oof_digest": row.oof_digest,
        "test_digest": row.test_digest,
        "url": f"/api/v1/predictions/{row.pk}",
    }


def grid(competition: Competition) -> dict[str, Any]:
    """Return model x fold: a value for each fold that is scored, and which parts are there."""
    count = competition.fold_sets.get(active=True).count
    rows = competition.predictions.select_related("owner", "fold_set", "score_row").prefetch_related("parts")
    kept = _latest(rows, "all").order_by("level", "name", "owner__username", "variant", "version")
    return {"folds": list(range(count)), "rows": [_grid_row(row, count) for row in kept]}


def _grid_row(row: Prediction, count: int) -> dict[str, Any]:
    score = _score_of(row)
    states = {part.fold: part.state for part in row.parts.all()}
    whole = PartState.ACCEPTED if row.oof_digest else states.get(None)
    plain = ("name", "variant", "version", "level", "state")
    return {
        "id": row.pk,
        "owner": row.owner.username,
        **{name: getattr(row, name) for name in plain},
        "cells": score.by_fold if score else [None] * count,
        "parts": [states.get(fold) or whole or "missing" for fold in range(count)],
    }
