"""Extremely randomised trees on log odds: a forest for all columns at once.

Of very many features trees see summaries only (features.py), and no single model. What those leave out a regression supplies, which weighs
every model (logistic; ridge, for values): the forest then learns what the regression leaves over, and is believed as far as rows that no
tree saw bear it out. Of few features it learns the truth itself: beside the regression in a blend that is worth more.

Source: Geurts, Ernst and Wehenkel (2006), Extremely randomized trees, Machine Learning 63; Zhang, Nettleton and Zhu (2019),
Regression-Enhanced Random Forests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import are_many, log_odds_rows, odds_to_probabilities, tree_rows, within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup, predict_rows, stack_targets
from stackyard.numerics.logistic import fit_odds
from stackyard.numerics.metrics import REGRESSION
from stackyard.numerics.random_trees import Bins, Limits, Tree, bins_by_rank, bins_on_grid, grow, some_rows
from stackyard.numerics.ridge import fit_ridge

DEFAULTS = {"trees": 80, "rows_per_leaf": 5}
LIMITS = {"trees": 5_000, "rows_per_leaf": 1_000_000}
MOST_ROWS_OF_A_TREE = 12_000
"""Of more rows each tree sees others: that costs it little, and makes the trees differ."""
ADDED_TREES, MOST_ROWS_OF_AN_ADDED_TREE = 40, 6_000
"""Where the forest only adds to a regression, it takes a quarter of the work: boosting does the same, and learns more in less time."""
MOST_SPLITS = 32
DEPTH = 60
OF_A_SPLIT = (1_024, 8)
"""So many rows and sums of columns judge a split of an added forest: it need not be the very best of those tried. Boosting looks at all."""
MOST_JUDGES = 4_000
"""Rows that no tree sees, a fifth at most, where the forest is added to a regression."""

BinsOf = Callable[[FoldRows], Bins]
Values = Callable[[FoldRows], Floats]
"""Rows to what is said of them, (rows, columns)."""


def binning(parts: Sequence[FoldRows], setup: Setup) -> BinsOf:
    """Return how rows become bins: log odds on the grid that is kept with the rows, values by their rank among the training rows."""
    of_predictions = _binning_of_predictions(parts, setup)
    given = [part.features for part in parts if part.features is not None]
    if not given:
        return of_predictions
    ranked = bins_by_rank(np.concatenate(given))

    def bins_of(part: FoldRows) -> Bins:
        own = of_predictions(part)
        return own if part.features is None else np.concatenate([own, ranked(part.features)], axis=1)

    return bins_of


def _binning_of_predictions(parts: Sequence[FoldRows], setup: Setup) -> BinsOf:
    if setup.task == REGRESSION:
        ranked = bins_by_rank(np.concatenate([tree_rows(part, setup.task) for part in parts]))
        return lambda part: ranked(tree_rows(part, setup.task))
    return lambda part: part.keep("bins", lambda rows: bins_on_grid(tree_rows(rows, setup.task)))


def fit_extra_trees(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn one forest for all columns.

    Trees that lower the squared error of targets split as Gini impurity would and predict shares, for one column or many, so one kind of
    forest serves every task. rows_per_leaf is the least: shares of fewer rows are noise.
    """
    is_added = are_many(parts[0].source)
    settings = {**DEFAULTS, **({"trees": ADDED_TREES} if is_added else {}), **setup.settings}
    most_rows = MOST_ROWS_OF_AN_ADDED_TREE if is_added else MOST_ROWS_OF_A_TREE
    bins_of, start_of = binning(parts, setup), _regression(parts, setup) if is_added else _constant(parts, setup)
    bins = np.concatenate([bins_of(part) for part in parts])
    missing = (stack_targets(parts) - np.concatenate([start_of(part) for part in parts])).astype(np.float32)
    limits = Limits(settings["rows_per_leaf"], DEPTH, min(MOST_SPLITS, -(-bins.shape[1] // 2)), *(OF_A_SPLIT if is_added else ()))
    random = np.random.default_rng(setup.seed)
    every = np.arange(len(missing), dtype=np.int32)
    judges = random.permutation(every)[: min(MOST_JUDGES, len(every) // 5)] if is_added else every[:0]
    seen = np.setdiff1d(every, judges)
    means = np.empty((0, missing.shape[1]), np.float32)
    forest: list[Tree] = []
    for _ in range(settings["trees"]):
        rows = seen[some_rows(len(seen), most_rows, random)]
        forest.append(grow(bins[rows], missing[rows], means, limits, int(random.integers(1, 2**62))))
    trust = _trust(missing[judges], _said(forest, bins[judges])) if is_added else 1.0

    def predict(part: FoldRows) -> Floats:
        return within_evidence(start_of(part) + trust * _said(forest, bins_of(part)), len(missing), setup.task)

    return RowsPredictor(predict)


def _regression(parts: Sequence[FoldRows], setup: Setup) -> Values:
    """Fit what the forest is added to: every model's own weight a column, as in logistic.py; ridge, for values."""
    if setup.task == REGRESSION:
        predict = fit_ridge(parts, setup)
        return lambda part: predict_rows(predict, part)
    odds_of = fit_odds(parts, setup, log_odds_rows)
    return lambda part: odds_to_probabilities(odds_of(part), setup.task)


def _constant(parts: Sequence[FoldRows], setup: Setup) -> Values:
    """Return nothing, or the mean of values: of any size they keep their precision as distances from it."""
    columns = parts[0].targets.shape[1]
    centre = stack_targets(parts).mean(axis=0) if setup.task == REGRESSION else np.zeros(columns, np.float32)
    return lambda part: np.broadcast_to(centre, (part.source.shape[1] if part.chosen is None else len(part.chosen), columns))


def _said(forest: Sequence[Tree], bins: Bins) -> Floats:
    """Return the mean of what the trees say, (rows, columns)."""
    sums = np.zeros((len(bins), forest[0].value.shape[1]), np.float32)
    for tree in forest:
        tree.add_to(sums, bins)
    return sums / np.float32(len(forest))


def _trust(missing: Floats, said: Floats) -> float:
    """Return the share of what the forest says, 0 to 1, that comes nearest to what is missing, by least squares.

    >>> _trust(np.array([[1.0], [-1.0]]), np.array([[2.0], [-2.0]])), _trust(np.zeros((0, 1)), np.zeros((0, 1)))
    (0.5, 0.0)
    """
    squares = float((said * said).sum())
    return float(np.clip((said * missing).sum() / squares, 0.0, 1.0)) if squares > 0 else 0.0
