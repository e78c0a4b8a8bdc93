"""Models whose rows are in another order than the truth's: their values are those of a model, but each stands in somebody else's row.

The statistic is the sum S over rows and columns of the product of two centred tables: a model's logits, and the truth (or the sum of
the other models' logits). If the rows of one table are in random order, S has mean 0 and a variance that is known exactly:
<A'A, B'B> / (n - 1). So S has a z, whatever the columns have to do with one another, and "in random order" can be tested.

Source: Mantel (1967), The Detection of Disease Clustering and a Generalized Regression Approach, Cancer Research 27; the moments are
those of Heo and Gabriel (1998), A permutation test of association between configurations by means of the RV coefficient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints
from stackyard.numerics.findings import SEVERE, Finding, listed
from stackyard.numerics.rows_of_models import Models, columns_of, logits_of

LOST = 4.0
"""A z below this cannot be told from rows in random order (chance: once in 30,000)."""
FOUND = 10.0
"""The others must reach this on the same rows: so much signal is there to be found."""
ALIKE = 0.9
"""Correlation of sorted values from which a model without signal is told from one with its rows mixed up."""


@dataclass(frozen=True)
class Order:
    """How surely each model's rows stand where they belong: z by model and fold."""

    truth: Floats
    """Against the truth, (models, folds)."""
    others: Floats
    """Against the sum of the other models' standardised logits, (models, folds)."""


def permutation_z(one: Floats, other: Floats) -> float:
    """Return how far two tables are from being in random order to each other, in standard deviations of all permutations.

    one, other: (n, columns), same shape. 0 where one of them is constant, or where there is one row.

    >>> round(permutation_z(np.arange(100.0)[:, None], np.arange(100.0)[:, None]), 2)
    9.95
    """
    return _z(_centred(one), _centred(other))


def _centred(table: Floats) -> tuple[Floats, Floats]:
    """Return a table less its column means, and the products of its columns."""
    centred: Floats = table - table.mean(axis=0)
    return centred, centred.T @ centred


def _z(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    variance = float((one[1] * other[1]).sum()) / max(len(one[0]) - 1, 1)
    return float(np.einsum("ij,ij->", one[0], other[0])) / variance**0.5 if variance > 0 else 0.0


def row_order(models: Models) -> Order:
    """Return the z of every model on every fold. Reads each model twice, one at a time."""
    inside = [np.flatnonzero(models.folds == number) for number in np.unique(models.folds)]
    targets = models.targets()
    truth = [_centred(targets[rows]) for rows in inside]
    total = np.zeros_like(targets)
    for oof in models.oof:
        total += _standardised(oof, models.task)
    shape = (len(models.oof), len(inside))
    found = Order(np.zeros(shape), np.zeros(shape))
    for place, oof in enumerate(models.oof):
        own = _standardised(oof, models.task)
        for fold, rows in enumerate(inside):
            part = own[rows]
            table = _centred(part)
            found.truth[place, fold] = _z(table, truth[fold])
            found.others[place, fold] = _z(table, _centred(total[rows] - part))
    return found


def _standardised(oof: Floats, task: str) -> Floats:
    logits = columns_of(logits_of(oof, task))
    logits = logits - logits.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = logits.std(axis=0)
    return np.asarray(logits / np.where(scale > 0, scale, 1.0))


def check_row_order(models: Models) -> list[Finding]:
    """Find models whose rows, all or those of some folds, stand in another order than everyone else's.

    Rows count as lost where the model can be told from random order neither by the truth nor by the other models (both z below 4),
    although the median of the other models finds the truth there (z of at least 10). A fold alone is lost only where the model itself
    finds the truth in its other folds (the same 10): a weak model is no shuffled one. With one model nothing can be said, nor of one
    that says the same in every row of a fold, such as a prior: its rows have no order to lose.
    """
    if len(models.oof) < 2:
        return []
    order = row_order(models)
    numbers = np.unique(models.folds)
    findings = []
    for place in range(len(models.oof)):
        lost = _lost_folds(order, place)
        if lost.any() and _varies(models, place, numbers[lost]):
            findings.append(_finding(models, place, numbers[lost], order, lost))
    return findings


def _varies(models: Models, place: int, folds: Ints) -> bool:
    """Tell whether a model says different things of the rows of any of these folds."""
    return any(bool(np.ptp(models.oof[place][models.folds == fold], axis=0).any()) for fold in folds)


def together(z: Floats, folds: Bools) -> Floats:
    """Return the z of some folds together, (models,): folds are shuffled independently, so sums of z grow by the root of their number."""
    return np.asarray(z[:, folds].sum(axis=1) / np.sqrt(np.count_nonzero(folds)))


def _lost_folds(order: Order, place: int) -> Bools:
    """Return which folds of a model are lost, (folds,)."""
    everywhere = np.ones(order.truth.shape[1], np.bool_)
    truth, company = together(order.truth, everywhere), together(order.others, everywhere)
    if truth[place] < LOST and company[place] < LOST and np.median(np.delete(truth, place)) >= FOUND:
        return everywhere
    found = np.median(np.delete(order.truth, place, axis=0), axis=0) >= FOUND
    lost: Bools = (order.truth[place] < LOST) & (order.others[place] < LOST) & found
    kept = order.truth[place][~lost]
    return lost if len(kept) and np.median(kept) >= FOUND else ~everywhere


def _finding(models: Models, place: int, folds: Ints, order: Order, lost: Bools) -> Finding:
    likeness = sorted_likeness(models, place)
    truth, others = together(order.truth, lost), together(order.others, lost)
    theirs = float(np.median(np.delete(truth, place)))
    where = "its rows" if lost.all() else f"its rows of fold{'s' if len(folds) > 1 else ''} {listed([str(fold) for fold in folds])}"
    follows = f"follow neither the truth (z {truth[place]:.1f}; other models {theirs:.0f}) nor the other models (z {others[place]:.1f})"
    meaning = "shuffled, or without any signal"
    if likeness >= ALIKE:
        meaning = f"while its sorted values are those of another model (likeness {likeness:.3f}): the ids probably belong to other rows"
    numbers = {
        "folds": [int(fold) for fold in folds],
        "z_truth": float(truth[place]),
        "z_others": float(others[place]),
        "z_of_other_models": theirs,
        "sorted_likeness": likeness,
    }
    return Finding("permuted_rows", SEVERE, f"{models.names[place]}: {where} {follows}, {meaning}.", numbers, (place,))


def sorted_likeness(models: Models, place: int) -> float:
    """Return the highest correlation between a model's sorted values and another model's, column by column, on average.

    Near 1: this is what a model's values look like, whatever row they stand in.
    """
    own = np.sort(columns_of(models.oof[place]), axis=0).astype(np.float64)
    own -= own.mean(axis=0)
    best = -1.0
    for other, oof in enumerate(models.oof):
        if other != place:
            theirs = np.sort(columns_of(oof), axis=0).astype(np.float64)
            theirs -= theirs.mean(axis=0)
            scale = np.sqrt((own**2).sum(axis=0) * (theirs**2).sum(axis=0))
            products = (own * theirs).sum(axis=0)
            best = max(best, float(np.divide(products, scale, out=np.zeros_like(scale), where=scale > 0).mean()))
    return best
