"""scikit-learn's LogisticRegression (lbfgs), a fit for each label and fold, on features standardised once a fold."""

from __future__ import annotations

import time

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.peers.measured import Array, Measured, with_version

NAME = with_version("scikit-learn, LogisticRegression(lbfgs)", "scikit-learn")


def measure(arrays: dict[str, Array], settings: dict[str, object]) -> Measured:
    design, targets, folds = (np.array(arrays[name]) for name in ("design", "targets", "folds"))
    seconds, losses, tried = 0.0, [], []
    for fold in settings["measured_folds"]:
        train = folds != fold
        for label in range(len(design)):
            x, y = design[label][train, :-1], targets[label][train]
            start = time.perf_counter()
            model = LogisticRegression(C=1.0 / settings["penalty"], max_iter=1000).fit(x, y)
            seconds += time.perf_counter() - start
            odds = x @ model.coef_[0].astype(float) + model.intercept_[0]
            losses.append(float((np.logaddexp(0.0, odds) - y * odds).sum() + 0.5 * settings["penalty"] * (model.coef_**2).sum()))
            tried.append((fold, label))
    share = len(tried) / (settings["folds"] * len(design))
    note = f"The peer was measured on {len(tried)} of {settings['folds'] * len(design)} fits and scaled." if share < 1 else ""
    return Measured([seconds], {"losses": np.array(losses), "tried": np.array(tried)}, share, note)
