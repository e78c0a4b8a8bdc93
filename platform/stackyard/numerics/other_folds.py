"""Which folds a model was really made on: each fold's model is a little surer or less sure than the next, and that leaves a trace.

The trace is judged by an analysis of variance of the confidence. A stable model leaves none, on whatever folds it was made: then
nothing is said. Only where the competition's folds leave no trace but other usual ones do, the model was made on those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import f as fisher
from sklearn.model_selection import KFold, StratifiedKFold

from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.findings import WARNING, Finding
from stackyard.numerics.metrics import REGRESSION
from stackyard.numerics.rows_of_models import Models, columns_of, confidence_of

USUAL_COUNTS = (5, 10)
USUAL_SEEDS = (0, 1, 42)
NO_TRACE = 0.01
"""Chance above which the competition's folds count as unseen."""
BEARS_NONE = 0.05
SHUFFLED = "shuffle"
TRACE = 1e-6
"""Chance below which other folds count as seen, among all usual ones together (Bonferroni)."""


def trace_chance(values: Floats, folds: Ints) -> float:
    """Return the chance of such differences between the folds' means if the folds had nothing to do with the values (one-way ANOVA).

    values: (n,). folds: (n,), numbers from 0. 1 where there are fewer than two folds with rows, or no spread.
    """
    sizes = np.bincount(folds)
    used = sizes > 0
    groups, rows = int(used.sum()), len(values)
    means = np.bincount(folds, weights=values)[used] / sizes[used]
    between = float((sizes[used] * (means - values.mean()) ** 2).sum())
    within = float(((values - values.mean()) ** 2).sum()) - between
    if groups < 2 or rows <= groups or within <= 0:
        return 1.0
    return float(fisher.sf(between / (groups - 1) / (within / (rows - groups)), groups - 1, rows - groups))


def usual_folds(truth: Numbers, folds: Ints) -> Iterator[tuple[str, Ints]]:
    """Yield fold sets that scripts often use, by name: one after another, dealt, and scikit-learn's by some seeds.

    Of 5, 10 and as many folds as the competition has; those that equal the competition's own are left out.
    """
    rows = np.arange(len(truth))
    for count in sorted({*USUAL_COUNTS, len(np.unique(folds))}):
        if count * 2 > len(truth):
            continue
        splitters: dict[str, tuple[Any, Numbers | None]] = {
            f"row number modulo {count}": (None, None),
            f"KFold({count})": (KFold(count), None),
        }
        for seed in USUAL_SEEDS:
            splitters[f"KFold({count}, {SHUFFLED}, seed {seed})"] = (KFold(count, shuffle=True, random_state=seed), None)
        if _can_stratify(truth, count):
            splitters[f"StratifiedKFold({count})"] = (StratifiedKFold(count), truth)
            for seed in USUAL_SEEDS:
                splitter = StratifiedKFold(count, shuffle=True, random_state=seed)
                splitters[f"StratifiedKFold({count}, {SHUFFLED}, seed {seed})"] = (splitter, truth)
        for name, (splitter, labels) in splitters.items():
            made = rows % count if splitter is None else _numbers(splitter, rows, labels)
            if not _are_equal(made, folds):
                yield name, made


def _can_stratify(truth: Numbers, count: int) -> bool:
    return truth.ndim == 1 and truth.dtype.kind in "biu" and int(np.unique(truth, return_counts=True)[1].min()) >= count


def _numbers(splitter: Any, rows: Ints, labels: Numbers | None) -> Ints:
    made = np.empty(len(rows), np.int64)
    for number, (_, held) in enumerate(splitter.split(rows, labels)):
        made[held] = number
    return made


def _are_equal(one: Ints, other: Ints) -> bool:
    """Whether two fold sets are the same but for the numbers."""
    pairs = len(np.unique(one.astype(np.int64) * (int(other.max()) + 1) + other))
    return pairs == len(np.unique(one)) == len(np.unique(other))


def sureness_rows(oof: Floats, truth: Numbers, task: str) -> Floats:
    """Return how sure a model is of each row, (n,). A regression does not say: the size of its error stands for it."""
    if task == REGRESSION:
        return np.asarray(np.abs(columns_of(oof)[:, 0].astype(np.float64) - truth))
    return confidence_of(oof, task)


def check_other_folds(models: Models) -> list[Finding]:
    """Find models that were probably made on other folds: the competition's leave no trace (p > 0.01), usual other ones do (p < 1e-6).

    Rows may be easier at the start of a file, so that folds which follow the order of the rows seem to leave a trace: they count only
    where the other models typically bear none (the median of their chances is above 0.05, and there are two of them at least).
    """
    sure = [sureness_rows(oof, models.truth, models.task) for oof in models.oof]
    places = np.unique(models.folds, return_inverse=True)[1]
    ours = np.array([trace_chance(row, places) for row in sure])
    if (ours <= NO_TRACE).all():
        return []
    usual = dict(usual_folds(models.truth, models.folds))
    names = list(usual)
    traces = np.array([[trace_chance(row, made) for row in sure] for made in usual.values()]).reshape(len(usual), len(sure))
    findings = []
    for place in np.flatnonzero(ours > NO_TRACE).tolist():
        chances = traces[:, place] * len(usual)
        others = np.delete(traces, place, axis=1)
        doubtful = np.median(others, axis=1) <= BEARS_NONE if others.shape[1] >= 2 else np.ones(len(usual), np.bool_)
        chances[doubtful & np.array([SHUFFLED not in name for name in names], np.bool_)] = 1.0
        if chances.min(initial=1.0) < TRACE:
            best = int(chances.argmin())
            findings.append(_finding(models, place, float(ours[place]), names[best], float(chances[best])))
    return findings


def _finding(models: Models, place: int, ours: float, others: str, chance: float) -> Finding:
    sentence = (
        f"{models.names[place]} seems to have been made on other folds: its confidence differs between those of {others} "
        f"(chance {chance:.1g}), not between the competition's (chance {ours:.2f})."
    )
    return Finding("other_folds", WARNING, sentence, {"chance": ours, "chance_on_others": chance, "others": others}, (place,))
