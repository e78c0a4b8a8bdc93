"""Folds whose score is out of line with the model's other folds."""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

from stackyard.numerics.arrays import Bools, Floats
from stackyard.numerics.findings import SEVERE, WARNING, Finding
from stackyard.numerics.rows_of_models import Models

ALPHA = 0.01
"""Chance of one false alarm among all models and folds together."""


def fold_residuals(fold_values: Floats) -> Floats:
    """Return each model's deviation from its mean, fold by fold, less the median deviation of the other models, (models, folds).

    Some folds are harder for everyone. Of fewer than three models nobody can say what is common to them.
    """
    deviations = np.asarray(fold_values - fold_values.mean(axis=1, keepdims=True))
    if len(deviations) < 3:
        return deviations
    common = np.stack([np.median(np.delete(deviations, place, axis=0), axis=0) for place in range(len(deviations))])
    return np.asarray(deviations - common)


def outlying_folds(fold_values: Floats) -> tuple[Bools, Floats]:
    """Return which folds of which models are out of line with the model's other folds, and their t, (models, folds) each.

    An externally studentised residual: the fold's distance from the mean of the model's other folds, by their spread, with
    Bonferroni's correction for all models and folds. Needs four folds. A few folds may agree by luck, so a spread counts as no smaller
    than it typically is (the median of all models' and folds').
    Source: Grubbs (1950), Sample Criteria for Testing Outlying Observations, Annals of Mathematical Statistics 21.
    """
    t = np.zeros(fold_values.shape)
    folds = fold_values.shape[1]
    if folds < 4 or not np.isfinite(fold_values).all():
        return np.zeros(t.shape, np.bool_), t
    residuals = fold_residuals(fold_values)
    others = [np.delete(residuals, fold, axis=1) for fold in range(folds)]
    spreads = np.stack([rest.std(axis=1, ddof=1) for rest in others], axis=1)
    spreads = np.maximum(spreads, np.median(spreads)) * np.sqrt(1.0 + 1.0 / (folds - 1))
    distances = residuals - np.stack([rest.mean(axis=1) for rest in others], axis=1)
    t = np.divide(distances, spreads, out=t, where=spreads > 0)
    limit = float(student.isf(ALPHA / (2 * t.size), folds - 2))
    return np.abs(t) > limit, t


def check_fold_values(models: Models) -> list[Finding]:
    """Find folds whose score is out of line: far too good (their rows were trained on), or far too bad (a fold that went wrong)."""
    if models.fold_values.shape[0] != len(models.oof):
        return []
    flagged, t = outlying_folds(models.fold_values)
    numbers = np.unique(models.folds)
    findings = []
    for place, fold in np.argwhere(flagged):
        value, rest = float(models.fold_values[place, fold]), float(np.delete(models.fold_values[place], fold).mean())
        better = (value > rest) == models.higher_is_better
        meaning = "were its rows trained on?" if better else "did something go wrong there?"
        sentence = (
            f"{models.names[place]} scores {value:.4f} on fold {numbers[fold]} but {rest:.4f} on the others on average "
            f"({'better' if better else 'worse'}, t {t[place, fold]:+.1f} against its own spread): {meaning}"
        )
        found = {"fold": int(numbers[fold]), "value": value, "others": rest, "t": float(t[place, fold]), "better": bool(better)}
        findings.append(Finding("fold_out_of_line", SEVERE if better else WARNING, sentence, found, (int(place),)))
    return findings
