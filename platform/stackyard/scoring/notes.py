"""What a member should know of an upload at once: warnings that take milliseconds. The insight has all others. Heavy: for workers only."""

from __future__ import annotations

from collections.abc import Sequence

from stackyard.competitions.queries import load_folds
from stackyard.numerics.arrays import Floats, Ints
from stackyard.numerics.shift import column_shifts, constant_columns
from stackyard.predictions.models import Prediction, PredictionState
from stackyard.predictions.reading import Arrays
from stackyard.storage.queries import load_array

MOST_NAMED = 3
"""Columns that a note names; of more it gives the number."""


def notes_on(prediction: Prediction, arrays: Arrays) -> list[str]:
    """Return sentences on copies, on columns that say the same everywhere, and on test predictions with other means."""
    competition = prediction.competition
    oof = load_array(arrays.oof)
    notes = [*_copy_notes(prediction, arrays), *_constant_notes(oof, competition.classes, "out of fold")]
    if arrays.test:
        test = load_array(arrays.test)
        notes += _constant_notes(test, competition.classes, "on the test rows")
        notes += _shift_notes(oof, test, load_folds(prediction.fold_set), competition.classes)
    return notes


def _copy_notes(prediction: Prediction, arrays: Arrays) -> list[str]:
    """Equal arrays have equal digests: no array is read."""
    scored = Prediction.objects.filter(competition=prediction.competition_id, state=PredictionState.SCORED, oof_digest=arrays.oof)
    copy = scored.exclude(pk=prediction.pk).select_related("owner").order_by("pk").first()
    return [f"predicts exactly the same out of fold as {copy.owner.username}/{copy}"] if copy else []


def _constant_notes(values: Floats, names: Sequence[str], where: str) -> list[str]:
    flat = constant_columns(values, names)
    return [f"says the same in every row {where} for {_named(flat)}"] if flat else []


def _shift_notes(oof: Floats, test: Floats, folds: Ints, names: Sequence[str]) -> list[str]:
    large = [shift for shift in column_shifts(oof, test, folds, names, with_distance=False) if shift.is_large]
    if not large:
        return []
    worst = max(large, key=lambda shift: abs(shift.effect))
    means = f"{worst.column} {worst.test_mean:.3f} against {worst.oof_mean:.3f}"
    return [f"has other means on the test rows than out of fold for {_named([shift.column for shift in large])} ({means})"]


def _named(columns: list[str]) -> str:
    return ", ".join(columns) if len(columns) <= MOST_NAMED else f"{len(columns)} columns"
