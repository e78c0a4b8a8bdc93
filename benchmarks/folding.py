"""Stratified folds of Planet's labels."""

from __future__ import annotations

import numpy as np
from stackyard.numerics.folds import stratified_folds

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array, planet_labels
from benchmarks.peer import PeerRun

COUNT, SEED = 10, 0


def deviations(truth: Array, folds: Array) -> tuple[Array, float]:
    """Return how far each label, and the worst pair of labels, is from its share in some fold, in rows."""
    counts = np.stack([truth[folds == k].T.astype(float) @ truth[folds == k] for k in range(COUNT)])
    away = np.abs(counts - counts.mean(axis=0)).max(axis=0)
    return np.diag(away), float((away - np.diag(np.diag(away))).max())


def make(tiny: bool) -> Case:
    """Ten folds; no label worse balanced than the peer's, the worst pair at most a tenth as far off."""
    labels = planet_labels(600) if tiny else planet_labels()

    def check(folds: Array, peer: PeerRun | None) -> Check:
        by_label, pair = deviations(labels.truth, folds)
        sizes = np.bincount(folds, minlength=COUNT)
        how = f"sizes {sizes.min():,} to {sizes.max():,}, worst label {by_label.max():.1f} rows off, worst pair {pair:.1f}"
        if peer is None:
            return Check(bool(np.ptp(sizes) <= 1), how)
        their_labels, their_pair = deviations(labels.truth, peer.results["folds"])
        how += f"; the peer {their_labels.max():.1f} and {their_pair:.1f}"
        return Check(bool(np.ptp(sizes) <= 1 and (by_label <= their_labels + 1e-9).all() and pair <= their_pair / 10), how)

    return Case(
        ours=lambda: stratified_folds(labels.truth, COUNT, SEED),
        arrays={"truth": labels.truth},
        touched_bytes=labels.truth.nbytes + 8 * len(labels.truth),
        check=check,
        data=labels.source,
        settings={"folds": COUNT, "seed": SEED},
    )
