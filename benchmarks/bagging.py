"""Greedy selection nested over ten folds, and bagged twenty times, against as many runs of AutoGluon's."""

from __future__ import annotations

import numpy as np
from stackyard.numerics.bagging import BaggedWeights, bagged_greedy_weights, nested_bagged_greedy
from stackyard.numerics.blending import greedy_path
from stackyard.numerics.folds import stratified_folds
from stackyard.numerics.metrics import METRICS

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array, label_predictions, planet_labels
from benchmarks.peer import PeerRun
from benchmarks.selecting import ROUNDING, STEPS, log_loss_of

COUNT, BAGS = 10, 20
# Ten of the peer's runs see nine tenths of the rows, twenty all of them.
PEER_RUNS = 0.9 * COUNT + BAGS


def make(tiny: bool) -> Case:
    """Ours: a search on all rows, one for each fold on the others, and twenty bags; 31 in all."""
    labels = planet_labels(400) if tiny else planet_labels()
    models, steps, measured_steps = (5, 6, 3) if tiny else (48, STEPS, 10)
    predictions = label_predictions(labels.truth, models)
    folds = stratified_folds(labels.truth, COUNT, 0)
    metric = METRICS["binary_log_loss"]

    def select() -> tuple[BaggedWeights, Array]:
        nested = nested_bagged_greedy(predictions, labels.truth, folds, metric, bags=1, steps=steps)
        return nested, bagged_greedy_weights(predictions, labels.truth, metric, bags=BAGS, steps=steps)

    def check(found: tuple[BaggedWeights, Array], peer: PeerRun | None) -> Check:
        nested, bagged = found
        plain, mixed = (log_loss_of(predictions, labels.truth, weights) for weights in (nested.path.weights, bagged))
        away = max(_fold_gap(fold, nested.by_fold[fold]) for fold in (0, COUNT - 1))
        how = f"two folds within {away:.1e} of a search by themselves; log loss plain {plain:.6f}, bagged {mixed:.6f}"
        right = bool(away < ROUNDING and mixed < plain + 1e-3)
        if peer is None:
            return Check(right, how)
        theirs = log_loss_of(predictions, labels.truth, peer.results["weights"])
        return Check(bool(right and plain <= theirs + ROUNDING), f"{how}, the peer after {measured_steps} steps {theirs:.6f}")

    def _fold_gap(fold: int, weights: Array) -> float:
        rows = folds != fold
        alone = greedy_path(predictions[:, rows], labels.truth[rows], metric, steps)
        return log_loss_of(predictions[:, rows], labels.truth[rows], weights) - log_loss_of(
            predictions[:, rows], labels.truth[rows], alone.weights
        )

    return Case(
        ours=select,
        arrays={"predictions": predictions.reshape(models, -1), "truth": labels.truth.ravel().astype(np.int64)},
        touched_bytes=4.0 * models * labels.truth.size,
        check=check,
        data=f"{labels.source}; {models} made models",
        settings={"steps": steps, "measured_steps": measured_steps, "problem": "binary", "metric": "log_loss", "repeats": PEER_RUNS},
        note="Ours makes 31 selections (one on all rows, ten nested, twenty bags of rows), the peer is counted for 30.",
    )
