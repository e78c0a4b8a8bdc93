"""scikit-learn's ExtraTreesClassifier with 500 trees, a forest for each label and fold, on all cores."""

from __future__ import annotations

import time

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from benchmarks.peers.measured import Array, Measured, with_version

NAME = with_version("scikit-learn, ExtraTreesClassifier(500)", "scikit-learn")


def measure(arrays: dict[str, Array], settings: dict[str, object]) -> Measured:
    features, targets, folds = (np.array(arrays[name]) for name in ("features", "targets", "folds"))
    held = folds == 0
    seconds, predicted = 0.0, []
    for label in settings["labels"]:
        start = time.perf_counter()
        forest = ExtraTreesClassifier(settings["trees"], n_jobs=-1, random_state=0, min_samples_leaf=settings["rows_per_leaf"])
        forest.fit(features[~held], targets[~held, label])
        predicted.append(forest.predict_proba(features[held])[:, -1])
        seconds += time.perf_counter() - start
    share = len(settings["labels"]) / (settings["folds"] * targets.shape[1])
    fits = round(len(predicted) / share)
    note = f"The peer was measured on labels {settings['labels']} of fold 0, {len(predicted)} of {fits} fits, and scaled."
    return Measured([seconds], {"predicted": np.array(predicted)}, share, note)
