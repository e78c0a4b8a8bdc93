"""scikit-learn's Ridge, a fit for each label, fold and penalty, on features standardised once a fold."""

from __future__ import annotations

import time

import numpy as np
from sklearn.linear_model import Ridge

from benchmarks.peers.measured import Array, Measured, with_version

NAME = with_version("scikit-learn, Ridge a label, fold and penalty", "scikit-learn")


def held_out_errors(features: Array, targets: Array, held: Array, penalty: float) -> Array:
    """Return the summed squared error on the held-out rows, one a column."""
    train, kept = features[~held], targets[~held]
    model = Ridge(alpha=penalty * len(train)).fit(train, kept)
    return ((model.predict(features[held]) - targets[held]) ** 2).sum(axis=0)


def measure(arrays: dict[str, Array], settings: dict[str, object]) -> Measured:
    features, targets, folds, penalties = (np.array(arrays[name]) for name in ("features", "targets", "folds", "penalties"))
    held = folds == 0
    mean, scale = features[~held].mean(axis=0, dtype=float), features[~held].std(axis=0, dtype=float)
    standard = ((features - mean) / np.where(scale > 0, scale, 1.0)).astype(np.float32)
    tried = [(label, place) for label in settings["labels"] for place in settings["places"]]
    seconds, errors = [], []
    for label, place in tried:
        start = time.perf_counter()
        errors.append(held_out_errors(standard, targets[:, label], held, penalties[place]))
        seconds.append(time.perf_counter() - start)
    fits = settings["folds"] * targets.shape[1] * len(penalties)
    start = time.perf_counter()
    held_out_errors(standard, targets, held, penalties[settings["places"][0]])
    together = (time.perf_counter() - start) * settings["folds"] * len(penalties)
    note = f"The peer was measured on {len(tried)} of {fits:,} fits and scaled."
    results = {"errors": np.array(errors), "tried": np.array(tried)}
    return Measured(seconds, results, 1 / fits, note, {"all labels in one fit": together})
