"""One upload's F2, fold by fold."""

from __future__ import annotations

import numpy as np
from stackyard.numerics.evaluation import score_by_fold
from stackyard.numerics.folds import stratified_folds
from stackyard.numerics.metrics import METRICS

from benchmarks.benchmark import Case, Check, largest_difference
from benchmarks.data import Array, label_predictions, planet_labels
from benchmarks.peer import PeerRun

COUNT, THRESHOLD = 10, 0.2


def make(tiny: bool) -> Case:
    """Decided labels of one model against the truth, ten folds."""
    labels = planet_labels(600) if tiny else planet_labels()
    decided = label_predictions(labels.truth, 1)[0] >= THRESHOLD
    folds = stratified_folds(labels.truth, COUNT, 0)
    metric = METRICS["f_beta_samples_score"]

    def reference() -> Array:
        truth, chosen = labels.truth.astype(float), decided.astype(float)
        possible = 4 * truth.sum(axis=1) + chosen.sum(axis=1)
        rows = np.where(possible > 0, 5 * (truth * chosen).sum(axis=1) / np.maximum(possible, 1), 1.0)
        return np.array([rows[folds == k].mean() for k in range(COUNT)])

    def check(scores: list[float | None], peer: PeerRun | None) -> Check:
        away = largest_difference(np.array(scores, float), reference())
        how = f"at most {away:.1e} from a float64 reference"
        if peer is None:
            return Check(away < 1e-12, how)
        theirs = largest_difference(np.array(scores, float), peer.results["scores"])
        return Check(away < 1e-12 and theirs < 1e-12, f"{how} and {theirs:.1e} from the peer")

    return Case(
        ours=lambda: score_by_fold(metric, labels.truth, decided, folds, {}),
        arrays={"truth": labels.truth, "labels": decided, "folds": folds},
        touched_bytes=labels.truth.nbytes + decided.nbytes + folds.nbytes,
        check=check,
        data=f"{labels.source}; one made model, decided at {THRESHOLD}",
        settings={"folds": COUNT},
    )
