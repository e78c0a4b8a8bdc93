"""Models that predict the same: twice the same file, or the same but for what rounding loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Floats
from stackyard.numerics.findings import WARNING, Finding, listed
from stackyard.numerics.metrics import REGRESSION
from stackyard.numerics.rows_of_models import Models, columns_of, spread_rows

ROUNDING = 5e-4
"""What a file with three decimals, or half precision, changes at most. Two trained models differ by more in some row."""
SKETCH_CELLS = 8_192
BLOCK = 1 << 15


@dataclass(frozen=True)
class Group:
    """Models that are the same."""

    members: tuple[int, ...]
    largest_difference: float
    """Between a member and the first one, over all cells; 0 where they are exactly equal."""


def find_duplicates(predictions: Sequence[Floats], tolerance: float = ROUNDING) -> list[Group]:
    """Return the groups of models that differ by no more than the tolerance in any cell, in the order of their first members.

    predictions: one (n,) or (n, columns) a model, memory-mapped or not. A few evenly spread rows of all pairs are compared first;
    only pairs that agree there are compared on all rows.

    >>> find_duplicates([np.array([0.1, 0.9]), np.array([0.2, 0.9]), np.array([0.1, 0.9])])
    [Group(members=(0, 2), largest_difference=0.0)]
    """
    if any(values.shape != predictions[0].shape for values in predictions):
        raise ShapeMismatch(f"expected models of one shape, got {sorted({values.shape for values in predictions})}")
    models = [columns_of(values) for values in predictions]
    rows = spread_rows(len(models[0]), max(SKETCH_CELLS // models[0].shape[1], 1)) if models else np.empty(0, np.int64)
    sketches = np.stack([model[rows].ravel() for model in models]) if models else np.empty((0, 0))
    groups, taken = [], np.zeros(len(models), np.bool_)
    for first in range(len(models)):
        if taken[first]:
            continue
        apart = np.abs(sketches[first + 1 :] - sketches[first]).max(axis=1, initial=0.0)
        candidates = first + 1 + np.flatnonzero((apart <= tolerance) & ~taken[first + 1 :])
        differences = {int(other): largest_difference(models[first], models[other], tolerance) for other in candidates}
        same = {other: difference for other, difference in differences.items() if difference <= tolerance}
        if same:
            taken[list(same)] = True
            groups.append(Group((first, *same), max(same.values())))
    return groups


def largest_difference(one: Floats, other: Floats, enough: float = np.inf) -> float:
    """Return the largest difference in any cell; the search ends once one is larger than `enough`."""
    largest = 0.0
    for start in range(0, len(one), BLOCK):
        block = np.abs(np.subtract(one[start : start + BLOCK], other[start : start + BLOCK], dtype=np.float64))
        largest = max(largest, float(block.max(initial=0.0)))
        if largest > enough:
            break
    return largest


def check_duplicates(models: Models) -> list[Finding]:
    """Find models that are the same. Copies add nothing to a blend, and take a member's place in it.

    Near ones differ nowhere by more than 0.0005 (of the truth's standard deviation, for a regression): rounding, not training.
    """
    scale = float(np.std(models.truth)) if models.task == REGRESSION else 1.0
    return [_finding(models, group, scale) for group in find_duplicates(models.oof, ROUNDING * scale)]


def _finding(models: Models, group: Group, scale: float) -> Finding:
    names = listed([models.names[place] for place in group.members])
    exact = group.largest_difference == 0.0
    how = "exactly the same" if exact else f"the same but for rounding (no value differs by more than {group.largest_difference:.2g})"
    numbers = {"exact": exact, "largest_difference": group.largest_difference, "tolerance": ROUNDING * scale, "copies": len(group.members)}
    return Finding("duplicate", WARNING, f"{names} predict {how}: count them once.", numbers, group.members)
