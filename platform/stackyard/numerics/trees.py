"""Extremely randomised trees on log odds: a forest for all columns at once.

Source: Geurts, Ernst and Wehenkel (2006), Extremely randomized trees, Machine Learning 63.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import tree_rows, within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup, stack_targets
from stackyard.numerics.metrics import REGRESSION
from stackyard.numerics.random_trees import Bins, Limits, Tree, bins_by_rank, bins_on_grid, grow, some_rows

DEFAULTS = {"trees": 80, "rows_per_leaf": 5}
LIMITS = {"trees": 5_000, "rows_per_leaf": 1_000_000}
MOST_ROWS_OF_A_TREE = 12_000
"""Of more rows each tree sees others: that costs it little, and makes the trees differ."""
MOST_SPLITS = 32
DEPTH = 60

BinsOf = Callable[[FoldRows], Bins]


def binning(parts: Sequence[FoldRows], setup: Setup) -> BinsOf:
    """Return how rows become bins: log odds on the grid that is kept with the rows, values by their rank among the training rows."""
    if setup.task == REGRESSION:
        ranked = bins_by_rank(np.concatenate([tree_rows(part, setup.task) for part in parts]))
        return lambda part: ranked(tree_rows(part, setup.task))
    return lambda part: part.keep("bins", lambda rows: bins_on_grid(tree_rows(rows, setup.task)))


def fit_extra_trees(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn one forest for all columns.

    Trees that lower the squared error of targets of 0 and 1 split as Gini impurity would and predict shares, for one column or many,
    so one kind of forest serves every task. rows_per_leaf is the least: shares of fewer rows are noise.
    """
    settings = {**DEFAULTS, **setup.settings}
    bins_of = binning(parts, setup)
    bins = np.concatenate([bins_of(part) for part in parts], axis=1)
    targets = np.ascontiguousarray(stack_targets(parts))
    # values of any size keep their precision as distances from their mean
    centre = targets.mean(axis=0) if setup.task == REGRESSION else np.zeros(targets.shape[1], np.float32)
    limits = Limits(settings["rows_per_leaf"], DEPTH, min(MOST_SPLITS, -(-len(bins) // 2)))
    means = np.empty((0, targets.shape[1]), np.float32)
    random = np.random.default_rng(setup.seed)
    forest: list[Tree] = []
    for _ in range(settings["trees"]):
        rows = some_rows(len(targets), MOST_ROWS_OF_A_TREE, random)
        forest.append(grow(bins, rows, targets - centre, means, limits, int(random.integers(1, 2**62))))

    def predict(part: FoldRows) -> Floats:
        own = bins_of(part)
        sums = np.zeros((own.shape[1], targets.shape[1]), np.float32)
        for tree in forest:
            tree.add_to(sums, own)
        return within_evidence(centre + sums / len(forest), len(targets), setup.task)

    return RowsPredictor(predict)
