"""Out-of-fold predictions that are none: made by models that had seen the very rows.

Nobody can see that in one file, but three things do not go together in honest work:
1. Sureness that is borne out on the train rows, and gone on the test rows. On honest rows an overconfident model is wrong more often
   than it says, and a calibrated one is as sure on the test rows. A model that has seen the rows makes few errors there, as it says,
   and is unsure where it has not. So compare the errors it makes and expects out of fold (the larger of the two) with those that it
   expects on the test rows.
2. A score far above every other model's, in every fold.
3. Test predictions whose means are elsewhere (shift.py), and not everybody's.
The first alone is a warning; the second counts only together with one of the others, since somebody must be the best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from stackyard.numerics.arrays import Bools, Floats, Numbers
from stackyard.numerics.findings import SEVERE, WARNING, Finding
from stackyard.numerics.metrics import REGRESSION
from stackyard.numerics.rows_of_models import Models, confidence_of, rightness_of
from stackyard.numerics.shift import SMALL_EFFECT, SURE, Shift, column_shifts

MORE_ERRORS = 1.25
"""The test rows' expected errors over those out of fold. Averaging calibrated folds' models makes them a little less sure: some percent."""
FAR = 1e-3
"""Chance that the best of equally good models leads the second by so much in all folds (one-sided paired t)."""


@dataclass(frozen=True)
class Sureness:
    """What a model's errors are and what it expects them to be, as shares of the guesses."""

    errors: float
    """Made out of fold."""
    expected: float
    """Expected out of fold: 1 less the mean confidence."""
    expected_on_test: float
    deviation: float
    """Standard error of the difference between the test rows' expectation and the larger of the other two."""

    @property
    def ratio(self) -> float:
        """How many more errors it expects on the test rows than it makes and expects out of fold."""
        return self.expected_on_test / max(self.errors, self.expected, 1e-6)

    @property
    def is_lost_on_test(self) -> bool:
        """Whether that is beyond chance and beyond what averaging does."""
        return self.ratio > MORE_ERRORS and self.expected_on_test - max(self.errors, self.expected) > SURE * self.deviation


def sureness_of(oof: Floats, test: Floats, truth: Numbers, task: str) -> Sureness:
    """Return a model's errors and expectations. Not for regression, where nobody says how sure they are.

    >>> sureness_of(np.array([0.25, 1.0]), np.array([0.5]), np.array([False, True]), "binary").expected_on_test
    0.5
    """
    right, sure, tested = rightness_of(oof, truth), confidence_of(oof, task), confidence_of(test, task)
    larger = right if right.mean() < sure.mean() else sure
    deviation = np.sqrt(larger.var() / len(larger) + tested.var() / len(tested))
    return Sureness(float(1 - right.mean()), float(1 - sure.mean()), float(1 - tested.mean()), float(deviation))


def lead_of(fold_values: Floats, place: int, higher_is_better: bool) -> tuple[float, int, float]:
    """Return by how much a model's mean over the folds leads the best other's, which that is, and the chance of such a lead.

    fold_values: (models, folds); folds without a value for one of the two do not count. The chance is 1 with fewer than 3 folds.
    """
    signed = fold_values if higher_is_better else -fold_values
    known: Bools = np.asarray(np.isfinite(signed).any(axis=1))
    known[place] = False
    if not known.any():
        return 0.0, -1, 1.0
    means = np.full(len(signed), -np.inf)
    means[known] = np.nanmean(signed[known], axis=1)
    rival = int(means.argmax())
    differences = signed[place] - signed[rival]
    differences = differences[np.isfinite(differences)]
    if len(differences) < 3:
        return 0.0, rival, 1.0
    lead, deviation = float(differences.mean()), float(differences.std(ddof=1))
    if deviation == 0.0:
        return lead, rival, 1.0
    return lead, rival, float(student.sf(lead / (deviation / len(differences) ** 0.5), len(differences) - 1))


def check_in_sample(models: Models) -> list[Finding]:
    """Find models whose out-of-fold predictions look as if they had been made for rows that the model was trained on."""
    names, pairs = models.column_names(), list(zip(models.oof, models.tests(), strict=True))
    shifts = {
        place: column_shifts(oof, test, models.folds, names, with_distance=False)
        for place, (oof, test) in enumerate(pairs)
        if test is not None
    }
    findings = []
    for place, (oof, test) in enumerate(pairs):
        if test is None:
            continue
        sureness = None if models.task == REGRESSION else sureness_of(oof, test, models.truth, models.task)
        unsure = sureness is not None and sureness.is_lost_on_test
        lead = _lead(models, place)
        ahead = lead[2] < FAR
        if unsure or (ahead and _has_moved_alone(shifts, place)):
            findings.append(_finding(models, place, sureness if unsure else None, lead if ahead else None))
    return findings


def _has_moved_alone(shifts: dict[int, list[Shift]], place: int) -> bool:
    """Whether a column's mean is elsewhere on the test rows, by a small effect more than the other models' means are."""
    others = [found for other, found in shifts.items() if other != place]
    return any(
        shift.is_large and abs(shift.effect - (np.median([found[column].effect for found in others]) if others else 0.0)) >= SMALL_EFFECT
        for column, shift in enumerate(shifts[place])
    )


def _lead(models: Models, place: int) -> tuple[float, int, float]:
    if len(models.oof) < 2 or models.fold_values.shape[0] != len(models.oof):
        return 0.0, -1, 1.0
    return lead_of(models.fold_values, place, models.higher_is_better)


def _finding(models: Models, place: int, sureness: Sureness | None, lead: tuple[float, int, float] | None) -> Finding:
    reasons: list[str] = []
    numbers: dict[str, float] = {}
    if sureness is not None:
        reasons.append(
            f"it makes {sureness.errors:.1%} errors out of fold (expecting {sureness.expected:.1%}), but expects "
            f"{sureness.expected_on_test:.1%} on the test rows"
        )
        numbers |= {"errors": sureness.errors, "expected_errors": sureness.expected, "expected_errors_on_test": sureness.expected_on_test}
    if lead is not None:
        reasons.append(
            f"it leads the best other model, {models.names[lead[1]]}, by {lead[0]:.4f} in every fold's mean (chance {lead[2]:.1g})"
        )
        numbers |= {"lead": lead[0], "lead_chance": lead[2]}
    if sureness is None:
        reasons.append("and its test predictions have other means than its out-of-fold ones")
    severity = SEVERE if sureness is not None and lead is not None else WARNING
    sentence = f"{models.names[place]} looks as if it had been trained on the rows it predicts out of fold: {', '.join(reasons)}."
    return Finding("in_sample", severity, sentence, numbers, (place,))
