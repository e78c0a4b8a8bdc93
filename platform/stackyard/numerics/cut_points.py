"""Where a regression's values are cut into ordered grades so that quadratic weighted kappa is greatest."""

from __future__ import annotations

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Floats, Ints

MOST_SWEEPS = 20
LEAST_GAIN = 1e-12


def cut_values(values: Floats, cuts: Floats, lowest: int) -> Ints:
    """Return the grades: the lowest one plus the number of cut points at or below the value, shape (n,).

    >>> cut_values(np.array([0.1, 1.5, 9.0]), np.array([0.5, 1.5]), lowest=1).tolist()
    [1, 3, 3]
    """
    if values.ndim != 1:
        raise ShapeMismatch(f"expected one value a row, got shape {values.shape}")
    return np.searchsorted(cuts, values, side="right") + lowest


def fit_cut_points(values: Floats, truth: Floats) -> tuple[Floats, int]:
    """Return the ascending cut points between the truth's grades, shape (grades - 1,), and the lowest grade.

    values, truth: shape (n,), truth whole numbers. The search moves one cut after another to its best place between two values; every
    sum in kappa is a sum over cuts of something about the rows above the cut, so all n places are tried in one vector operation.
    """
    grades = np.rint(truth).astype(np.int64)
    lowest, highest = int(grades.min()), int(grades.max())
    cuts = np.arange(lowest, highest) + 0.5
    order = np.argsort(values, kind="stable")
    ordered = values[order].astype(np.float64)
    above = np.concatenate([[0.0], np.cumsum(grades[order[::-1]] - lowest)])[::-1]
    middle = np.concatenate([[np.nan], (ordered[1:] + ordered[:-1]) / 2, [np.nan]])
    middle[1:-1] = np.where(ordered[1:] > ordered[:-1], np.maximum(middle[1:-1], np.nextafter(ordered[:-1], np.inf)), np.nan)
    places = np.searchsorted(ordered, cuts, side="left")
    for _ in range(MOST_SWEEPS):
        moved = False
        for i in range(len(cuts)):
            first = places[i - 1] if i else 0
            last = places[i + 1] if i + 1 < len(cuts) else len(ordered)
            kappas = _kappas(places, i, above, grades - lowest)
            now = kappas[places[i]]
            kappas[np.isnan(middle)] = -np.inf
            kappas[:first], kappas[last + 1 :] = -np.inf, -np.inf
            best = int(kappas.argmax())
            if kappas[best] > now + LEAST_GAIN:
                places[i], cuts[i], moved = best, middle[best], True
        if not moved:
            break
    # two cuts between the same two values may stand in either order; ascending is what was promised
    return np.sort(cuts), lowest


def _kappas(places: Ints, i: int, above: Floats, grades: Ints) -> Floats:
    """Return kappa for cut i at each of the n + 1 places, the other cuts where they are.

    A place is the number of values below the cut; above[place] is the sum of true grades beyond it. A row's grade is the number of cuts
    below it, so sum(b) = sum of rows above each cut, sum(b^2) the same with weights 1, 3, 5..., and sum(a b) = sum of above.
    """
    n = len(grades)
    others = np.arange(len(places)) != i
    rows = n - np.arange(n + 1)
    weights = 2 * np.arange(len(places)) + 1
    b = (n - places[others]).sum() + rows
    bb = (weights[others] * (n - places[others])).sum() + weights[i] * rows
    ab = above[places[others]].sum() + above
    a, aa = float(grades.sum()), float((grades.astype(np.float64) ** 2).sum())
    by_chance = aa + bb - 2 * a * b / n
    return np.where(by_chance > 0, 1 - (aa + bb - 2 * ab) / np.where(by_chance > 0, by_chance, 1), -np.inf)
