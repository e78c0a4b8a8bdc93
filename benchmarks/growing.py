"""The second level's trees over all folds and labels."""

from __future__ import annotations

import os

import numpy as np
from stackyard.numerics.folds import stratified_folds
from stackyard.numerics.stacking import Level2Result, cross_fit

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array, label_predictions, planet_labels
from benchmarks.peer import PeerRun

MODELS, COUNT = 48, 10
# One common label and one rare one stand for all.
MEASURED = [4, 5]


def log_loss_of(predicted: Array, truth: Array) -> float:
    chosen = np.where(truth, predicted, 1.0 - predicted.astype(np.float64))
    return float(-np.log(np.clip(chosen, 1e-15, 1.0)).mean())


def make(tiny: bool) -> Case:
    """Ours at its defaults, one forest a fold for all labels; the peer one a label and fold."""
    labels = planet_labels(900) if tiny else planet_labels()
    predictions = label_predictions(labels.truth, 3 if tiny else MODELS)
    features = np.ascontiguousarray(predictions.transpose(1, 0, 2)).reshape(len(labels.truth), -1)
    folds = stratified_folds(labels.truth, COUNT, 0)
    held = folds == 0

    def check(result: Level2Result, peer: PeerRun | None) -> Check:
        if peer is None:
            return Check(bool(np.isfinite(result.oof).all()), "no reference but the peer; all predictions are finite")
        pairs = [
            (log_loss_of(result.oof[held, label], labels.truth[held, label]), log_loss_of(theirs, labels.truth[held, label]))
            for label, theirs in zip(MEASURED, peer.results["predicted"], strict=True)
        ]
        told = ", ".join(f"label {label} ours {ours:.5f} peer {theirs:.5f}" for label, (ours, theirs) in zip(MEASURED, pairs, strict=True))
        return Check(all(ours <= theirs for ours, theirs in pairs), f"log loss on fold 0: {told}")

    return Case(
        ours=lambda: cross_fit("extra_trees", predictions, None, labels.truth, folds, "multilabel", threads=os.cpu_count() or 1),
        arrays={"features": features, "targets": labels.truth, "folds": folds},
        touched_bytes=features.nbytes + labels.truth.nbytes,
        check=check,
        data=f"{labels.source}; {features.shape[1]} features of made models",
        settings={"folds": COUNT, "labels": MEASURED, "trees": 20 if tiny else 500, "rows_per_leaf": 1},
    )
