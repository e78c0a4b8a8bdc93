"""Extremely randomised trees on log odds.

Source: Geurts, Ernst and Wehenkel (2006), Extremely randomized trees, Machine Learning 63.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import log_odds, log_odds_rows, rows_by_features, within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup, stack_targets

DEFAULTS = {"trees": 150, "rows_per_leaf": 10}
LIMITS = {"trees": 5_000, "rows_per_leaf": 1_000_000}


def fit_extra_trees(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn one forest for all columns.

    A regression forest on targets of 0 and 1 splits as Gini impurity would and predicts shares, for one column or many, so one
    kind of forest serves every task. rows_per_leaf is the least: shares of fewer rows are noise.
    """
    settings = {**DEFAULTS, **setup.settings}
    features = np.concatenate([log_odds_rows(part, setup.task) for part in parts])
    targets = stack_targets(parts)
    forest = ExtraTreesRegressor(
        n_estimators=settings["trees"],
        min_samples_leaf=settings["rows_per_leaf"],
        max_features="sqrt",
        random_state=setup.seed,
        n_jobs=setup.threads,
    )
    forest.fit(features, targets if targets.shape[1] > 1 else targets[:, 0])
    # several threads would add the trees up in the order in which they finish, and the last bits would differ from run to run
    forest.n_jobs = 1

    def predict(predictions: Floats) -> Floats:
        means = forest.predict(rows_by_features(log_odds(predictions, setup.task))).reshape(predictions.shape[1:])
        return within_evidence(means, len(targets), setup.task)

    return predict
