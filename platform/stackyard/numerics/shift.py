"""Do test predictions look like the out-of-fold ones? And columns that say the same in every row.

Means are judged, shapes only told: test predictions are usually the mean of the folds' models, which leaves every column's mean
where it is but draws its values together, so that a Kolmogorov-Smirnov distance is large for honest models too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from stackyard.numerics.arrays import Floats, Ints
from stackyard.numerics.findings import WARNING, Finding, listed
from stackyard.numerics.rows_of_models import Models, columns_of

SMALL_EFFECT = 0.2
"""In standard deviations: what Cohen calls a small effect. Below it a shift changes no decision worth a warning."""
SURE = 4.0
"""In standard errors: by chance once in 16,000 columns."""


@dataclass(frozen=True)
class Shift:
    """How one column of a model differs between train rows (out of fold) and test rows."""

    column: str
    oof_mean: float
    test_mean: float
    effect: float
    """Difference of the means (test less OOF) in standard deviations of the OOF values."""
    errors: float
    """The same difference in standard errors. The spread between folds is part of the error, since each fold has a model of its own."""
    distance: float
    """Kolmogorov-Smirnov: the largest difference between the two cumulative distributions."""

    @property
    def is_large(self) -> bool:
        """Whether it is beyond chance and large enough to matter."""
        return abs(self.effect) >= SMALL_EFFECT and abs(self.errors) >= SURE


def column_shifts(oof: Floats, test: Floats, folds: Ints, names: Sequence[str], with_distance: bool = True) -> list[Shift]:
    """Return the shift of each column; without the distances, which need sorting, it is one pass over the values.

    oof: (n,) or (n, columns); test likewise with rows of its own. folds: (n,).

    >>> [shift.effect for shift in column_shifts(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0, 1]), ["p"])]
    [0.0]
    """
    train, tested = np.asarray(columns_of(oof)), np.asarray(columns_of(test))
    numbers, places = np.unique(folds, return_inverse=True)
    (means, variance), (test_means, test_variance) = _moments(train), _moments(tested)
    # each fold's rows chosen by a product of matrices, which is one fast pass
    chosen = (places == np.arange(len(numbers))[:, None]).astype(np.float32)
    by_fold = (chosen @ (train - means.astype(train.dtype))) / chosen.sum(axis=1, keepdims=True)
    # the variance of the fold means holds the rows' share as well; with one or two folds it says little, so never less than that share
    between = by_fold.var(axis=0, ddof=1) / len(numbers) if len(numbers) > 1 else np.zeros(len(means))
    error = np.sqrt(np.maximum(between, variance / len(train)) + test_variance / len(tested))
    difference = test_means - means
    effects = _ratio(difference, np.sqrt(variance))
    errors = _ratio(difference, error)
    distances = [distance_between(a, b) if with_distance else 0.0 for a, b in zip(train.T, tested.T, strict=True)]
    found = zip(names, means.tolist(), test_means.tolist(), effects.tolist(), errors.tolist(), distances, strict=True)
    return [Shift(*row) for row in found]


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """Return each column's mean and variance, float64, (columns,) each."""
    means = np.einsum("ij->j", values, dtype=np.float64) / len(values)
    centred = values - means.astype(values.dtype)
    return means, np.asarray(np.einsum("ij,ij->j", centred, centred, dtype=np.float64) / len(values))


def distance_between(one: Floats, other: Floats) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples: the largest difference between their cumulative distributions.

    >>> distance_between(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.3, 0.4]))
    0.5
    """
    a, b = np.sort(one), np.sort(other)
    steps = np.concatenate([a, b])
    return float(np.abs(np.searchsorted(a, steps, "right") / len(a) - np.searchsorted(b, steps, "right") / len(b)).max())


def _ratio(difference: Floats, scale: Floats) -> Floats:
    """Return the ratio; where nothing spreads, any difference is large beyond measure: 1e6, which JSON can carry."""
    lost = np.where(difference == 0.0, 0.0, np.sign(difference) * 1e6)
    return np.clip(np.divide(difference, scale, out=lost, where=scale > 0), -1e6, 1e6)


def check_shift(models: Models) -> list[Finding]:
    """Find columns whose mean on the test rows is another than out of fold: by 0.2 standard deviations and 4 standard errors.

    What at least half of the models with test predictions (and two) show in the same direction is told once, as the data's own.
    """
    names = models.column_names()
    shifts = {
        place: column_shifts(oof, test, models.folds, names)
        for place, (oof, test) in enumerate(zip(models.oof, models.tests(), strict=True))
        if test is not None
    }
    common = [finding for column in range(len(names)) if (finding := _common_shift(shifts, column)) is not None]
    told = {(place, finding.numbers["column"]) for finding in common for place in finding.models}
    own = [_own_shift(models, place, [shift for shift in found if (place, shift.column) not in told]) for place, found in shifts.items()]
    return [*common, *(finding for finding in own if finding is not None)]


def _common_shift(shifts: dict[int, list[Shift]], column: int) -> Finding | None:
    signs = {place: np.sign(found[column].effect) * found[column].is_large for place, found in shifts.items()}
    for sign in (1.0, -1.0):
        places = tuple(place for place, value in signs.items() if value == sign)
        if len(places) >= 2 and 2 * len(places) >= len(shifts):
            rows = [shifts[place][column] for place in places]
            oof, test = float(np.mean([row.oof_mean for row in rows])), float(np.mean([row.test_mean for row in rows]))
            name = rows[0].column
            sentence = (
                f"{len(places)} of {len(shifts)} models expect {'more' if sign > 0 else 'less'} of {name} on the test rows than on the "
                f"train rows (mean {test:.3f} against {oof:.3f}): the data differ, or the way in which test predictions are made."
            )
            numbers = {"column": name, "oof_mean": oof, "test_mean": test, "effect": float(np.mean([row.effect for row in rows]))}
            return Finding("shift", WARNING, sentence, {**numbers, "models": len(places)}, places)
    return None


def _own_shift(models: Models, place: int, found: list[Shift]) -> Finding | None:
    large = sorted((shift for shift in found if shift.is_large), key=lambda shift: -abs(shift.effect))
    if not large:
        return None
    worst = large[0]
    others = f" and {len(large) - 1} further columns" if len(large) > 1 else ""
    sentence = (
        f"{models.names[place]}: the mean of {worst.column} is {worst.test_mean:.3f} on the test rows but {worst.oof_mean:.3f} out of fold "
        f"({worst.effect:+.2f} standard deviations){others}: were the test predictions made in the same way?"
    )
    return Finding("shift", WARNING, sentence, {"columns": [asdict(shift) for shift in large]}, (place,))


def constant_columns(values: Floats, names: Sequence[str]) -> list[str]:
    """Return the names of the columns that have one value throughout.

    >>> constant_columns(np.array([[0.5, 0.1], [0.5, 0.2]]), ["a", "b"])
    ['a']
    """
    columns = columns_of(values)
    same = columns.min(axis=0) == columns.max(axis=0)
    return [name for name, constant in zip(names, same, strict=True) if constant]


def check_constant(models: Models) -> list[Finding]:
    """Find columns that say the same in every row, out of fold or on the test rows."""
    findings = []
    for place, (oof, test) in enumerate(zip(models.oof, models.tests(), strict=True)):
        flat = {"oof": constant_columns(oof, models.column_names())}
        flat["test"] = [] if test is None else constant_columns(test, models.column_names())
        if flat["oof"] or flat["test"]:
            where = [f"{listed(columns)} {words}" for kind, words in WHERE.items() if (columns := flat[kind])]
            sentence = f"{models.names[place]} says the same in every row for {listed(where)}."
            findings.append(Finding("constant", WARNING, sentence, flat, (place,)))
    return findings


WHERE = {"oof": "out of fold", "test": "on the test rows"}
