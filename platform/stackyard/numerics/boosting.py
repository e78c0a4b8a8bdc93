"""Gradient boosting of small random trees, for all columns at once, on top of a regression: it learns what no weighted sum can.

Starting from a logistic regression (ridge, for values) instead of from nothing, few trees are enough, and where there is nothing to
add the result is that regression.

Source: Friedman (2001), Greedy Function Approximation: A Gradient Boosting Machine, Annals of Statistics 29; leaves by Newton's step:
Friedman, Hastie and Tibshirani (2000), Additive Logistic Regression, Annals of Statistics 28; each tree on some of the rows:
Friedman (2002), Stochastic Gradient Boosting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import odds_to_probabilities, tree_rows, within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup, predict_rows, stack_targets
from stackyard.numerics.logistic import fit_odds
from stackyard.numerics.metrics import REGRESSION
from stackyard.numerics.random_trees import Limits, Tree, grow, some_rows
from stackyard.numerics.ridge import fit_ridge
from stackyard.numerics.trees import binning

DEFAULTS: dict[str, Any] = {"rounds": 100, "rate": 0.05, "rows_per_leaf": 20, "depth": 4}
LIMITS = {"rounds": 5_000, "rate": 1.0, "rows_per_leaf": 1_000_000, "depth": 30}
SPLITS = 8
MOST_ROWS_OF_A_TREE = 12_000
LEAST_CURVATURE = 1e-6

Scores = Callable[[FoldRows], Floats]
"""Rows to what trees are added to: log odds, or values; float32 (rows, columns)."""


def fit_boosted_trees(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn the regression, then rounds of trees on what it gets wrong."""
    settings = {**DEFAULTS, **setup.settings}
    start_of, bins_of = _start(parts, setup), binning(parts, setup)
    bins = np.concatenate([bins_of(part) for part in parts])
    targets = stack_targets(parts)
    scores = np.concatenate([start_of(part) for part in parts])
    limits = Limits(settings["rows_per_leaf"], settings["depth"], SPLITS)
    random = np.random.default_rng(setup.seed)
    trees: list[Tree] = []
    for _ in range(settings["rounds"]):
        rows = some_rows(len(targets), min(MOST_ROWS_OF_A_TREE, -(-len(targets) // 2)), random)
        missing, curvature = _slopes(scores[rows], targets[rows], setup.task)
        tree = grow(bins[rows], missing, curvature, limits, int(random.integers(1, 2**62))).scaled(settings["rate"])
        tree.add_to(scores, bins)
        trees.append(tree)

    def predict(part: FoldRows) -> Floats:
        sums, own = start_of(part), bins_of(part)
        for tree in trees:
            tree.add_to(sums, own)
        values = sums if setup.task == REGRESSION else odds_to_probabilities(sums, setup.task)
        return within_evidence(values, len(targets), setup.task)

    return RowsPredictor(predict)


def _start(parts: Sequence[FoldRows], setup: Setup) -> Scores:
    """Fit the regression; of very many features it weighs only their summaries, and the trees do the rest."""
    if setup.task == REGRESSION:
        predict = fit_ridge(parts, setup)
        return lambda part: predict_rows(predict, part).astype(np.float32)
    odds_of = fit_odds(parts, setup, tree_rows)
    return lambda part: odds_of(part).astype(np.float32)


def _slopes(scores: Floats, targets: Floats, task: str) -> tuple[Floats, Floats]:
    """Return the loss's first derivative, its sign turned, and its second, each (rows, columns); for squared loss the second is 1."""
    if task == REGRESSION:
        return targets - scores, np.ones_like(targets)
    sure = odds_to_probabilities(scores, task)
    return targets - sure, np.maximum(sure * (1.0 - sure), LEAST_CURVATURE)
