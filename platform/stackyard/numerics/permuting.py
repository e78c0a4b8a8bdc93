"""Would this recipe find signal in noise? Labels are shuffled, and what was learned from them is held against chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Ints, Numbers
from stackyard.numerics.metrics import Metric

SHUFFLES = 100
SIGMAS_OF_A_FIND = 3.0
AT_CHANCE, FINDS_SIGNAL = "at chance", "finds signal in noise"
ROUNDING = 1e-9
"""A spread below this share of the score is rounding: every shuffle scores the same."""


@dataclass(frozen=True)
class Trial:
    """One nested prediction learned from permuted labels."""

    score: float
    chance: float
    """The mean score of the same prediction on labels shuffled again."""
    sigma: float
    """Their standard deviation."""
    sigmas: float
    """How many of them the score is better than chance, whichever way the metric runs; negative where it is worse."""


@dataclass(frozen=True)
class Outcome:
    """Several trials taken together."""

    score: float
    chance: float
    sigma: float
    """The standard error of the mean score over the trials."""
    sigmas: float
    """How many standard errors the trials are better than chance."""
    verdict: str
    """AT_CHANCE or FINDS_SIGNAL."""


def permute_within_folds(truth: Numbers, folds: Ints, random: np.random.Generator) -> Numbers:
    """Return the labels in another order, each fold's among themselves: a fold's base rates stay what they are.

    Were they mixed over the folds, a fold with more of a class would leave fewer to the others, and what learns base rates from those
    would do worse than chance.

    >>> permute_within_folds(np.array([1, 1, 2, 2]), np.array([0, 0, 1, 1]), np.random.default_rng(0)).tolist()
    [1, 1, 2, 2]
    """
    if folds.shape != truth.shape[:1]:
        raise ShapeMismatch(f"expected a fold number for each of {len(truth)} rows, got shape {folds.shape}")
    order = np.arange(len(truth))
    for fold in np.unique(folds):
        inside = np.flatnonzero(folds == fold)
        order[inside] = random.permutation(inside)
    return truth[order]


def judge_trial(
    metric: Metric,
    truth: Numbers,
    judged: Numbers,
    folds: Ints,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    shuffles: int = SHUFFLES,
) -> Trial:
    """Hold one nested prediction against chance: against its own scores on labels that it cannot have seen.

    truth: the permuted labels that it was learned from, (n,) or (n, L). judged: what the metric judges, one entry a row.
    That the prediction is too sure of itself costs it as much on the shuffled labels, so only what it knows of these counts.
    """
    random = np.random.default_rng(seed)
    score = metric(truth, judged, **(options or {}))
    shuffled = [metric(permute_within_folds(truth, folds, random), judged, **(options or {})) for _ in range(shuffles)]
    chance, sigma = float(np.mean(shuffled)), float(np.std(shuffled))
    gain = score - chance if metric.higher_is_better else chance - score
    return Trial(score, chance, sigma, gain / sigma if sigma > ROUNDING * max(1.0, abs(chance)) else 0.0)


def conclude(trials: Sequence[Trial]) -> Outcome:
    """Take trials on different permutations together.

    The standard error comes from the shuffles' sigmas, or from how the trials scatter where that is the greater: fits share rows, so one
    trial may be off by more than its sigma. An honest recipe is said to find signal once in some 700 runs (one-sided, 3 sigmas).

    >>> conclude([Trial(0.71, 0.70, 0.01, 1.0), Trial(0.69, 0.70, 0.01, -1.0)]).verdict
    'at chance'
    """
    gains = np.array([trial.sigmas * trial.sigma for trial in trials])
    shuffled = float(np.sqrt(np.mean([trial.sigma**2 for trial in trials])))
    scatter = float(gains.std(ddof=1)) if len(trials) > 1 else 0.0
    sigma = max(shuffled, scatter) / np.sqrt(len(trials))
    found = float(gains.mean() / sigma) if sigma > 0 else 0.0
    return Outcome(
        score=float(np.mean([trial.score for trial in trials])),
        chance=float(np.mean([trial.chance for trial in trials])),
        sigma=float(sigma),
        sigmas=found,
        verdict=FINDS_SIGNAL if found > SIGMAS_OF_A_FIND else AT_CHANCE,
    )
