"""Linear second levels over all folds and labels: ridge and logistic regression."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from stackyard.numerics.features import log_odds, rows_by_features
from stackyard.numerics.folds import stratified_folds
from stackyard.numerics.logistic import LabelRows, minimise
from stackyard.numerics.ridge import Spectrum, Sums, squared_error
from threadpoolctl import threadpool_limits

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array, label_predictions, planet_labels
from benchmarks.peer import PeerRun

MODELS, COUNT, PENALTY = 48, 10, 1.0
SOME, MANY_ROWS = 8, 10_000
PENALTIES = 10.0 ** np.linspace(-5.0, 0.5, 12)


def held_out_errors(features: Array, targets: Array, folds: Array) -> Array:
    """Return the summed squared error on each held-out fold for each penalty and label, (folds, penalties, labels); folds side by side."""
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(lambda k: Sums.of(features[folds == k], targets[folds == k]), range(COUNT)))

        def judge(k: int) -> Array:
            others = parts[:k] + parts[k + 1 :]
            spectrum = Spectrum.of(sum(others[1:], others[0]))
            return np.stack([squared_error(parts[k], *spectrum.solve(penalty)) for penalty in PENALTIES])

        return np.stack(list(pool.map(judge, range(COUNT))))


def make_ridge(tiny: bool) -> Case:
    """Every model's every column is a feature of every label."""
    labels = planet_labels(900) if tiny else planet_labels()
    features = rows_by_features(label_predictions(labels.truth, 3 if tiny else MODELS))
    targets = labels.truth.astype(np.float32)
    folds = stratified_folds(labels.truth, COUNT, 0)

    def check(errors: Array, peer: PeerRun | None) -> Check:
        if peer is None:
            return Check(bool(np.isfinite(errors).all()), "no reference but the peer; all errors are finite")
        tried = peer.results["tried"]
        away = float(np.abs(errors[0, tried[:, 1], tried[:, 0]] / peer.results["errors"] - 1).max())
        return Check(
            away < 1e-3,
            f"held-out squared errors at most {away:.1e} from the peer's, relatively, on {len(tried)} fits (it computes in float32)",
        )

    return Case(
        ours=lambda: held_out_errors(features, targets, folds),
        arrays={"features": features, "targets": targets, "folds": folds, "penalties": PENALTIES},
        touched_bytes=features.nbytes + targets.nbytes,
        check=check,
        data=f"{labels.source}; {features.shape[1]} features of made models",
        settings={"folds": COUNT, "labels": [1, 13], "places": [2, 8]},
    )


def fit_all(design: Array, targets: Array, folds: Array) -> Array:
    """Return the weights of every fold's fit on the other folds, (folds, labels, p); labels side by side."""
    rows = [LabelRows(np.ascontiguousarray(design[:, folds == k]), np.ascontiguousarray(targets[:, folds == k])) for k in range(COUNT)]
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(lambda label: fit_label([part.of_label(label) for part in rows]), range(len(design)))), axis=1)


def fit_label(parts: list[LabelRows]) -> Array:
    """Return one label's weights without each fold, (folds, p).

    Some of the rows tell roughly where to begin; from the solution of all folds it is a step or two to that without one, and what is
    known of each fold there serves all ten.
    """
    precision = np.full(parts[0].columns, PENALTY)
    precision[-1] = 0.0
    rough = np.zeros((1, parts[0].columns))
    if sum(part.targets.shape[1] for part in parts) > MANY_ROWS:
        rough, _ = minimise([part.every(SOME) for part in parts], precision / SOME, rough)
    start, known = minimise(parts, precision, rough)
    return np.concatenate(
        [minimise(parts[:k] + parts[k + 1 :], precision, start, known[:k] + known[k + 1 :])[0] for k in range(len(parts))]
    )


def penalised_losses(design: Array, targets: Array, folds: Array, weights: Array, tried: Array) -> Array:
    """Return the penalised log loss of chosen (fold, label) fits on their training rows, in float64."""
    losses = []
    for fold, label in tried:
        train, w = folds != fold, weights[fold, label]
        odds = design[label][train].astype(np.float64) @ w
        losses.append((np.logaddexp(0.0, odds) - targets[label][train] * odds).sum() + 0.5 * PENALTY * (w[:-1] ** 2).sum())
    return np.array(losses)


def make_logistic(tiny: bool) -> Case:
    """A label's own column of every model; one penalty, so that ours and the peer solve the same 170 problems."""
    labels = planet_labels(900) if tiny else planet_labels()
    odds = log_odds(label_predictions(labels.truth, 3 if tiny else MODELS), "multilabel").transpose(2, 1, 0)
    standard = (odds - odds.mean(axis=1, keepdims=True)) / np.maximum(odds.std(axis=1, keepdims=True), 1e-6)
    design = np.concatenate([standard, np.ones((*odds.shape[:2], 1), np.float32)], axis=2).astype(np.float32)
    targets = np.ascontiguousarray(labels.truth.T.astype(np.float32))
    folds = stratified_folds(labels.truth, COUNT, 0)

    def check(weights: Array, peer: PeerRun | None) -> Check:
        if peer is None:
            return Check(bool(np.isfinite(weights).all()), "no reference but the peer; all weights are finite")
        tried = peer.results["tried"]
        worse = float((penalised_losses(design, targets, folds, weights, tried) / peer.results["losses"] - 1).max())
        return Check(worse < 1e-4, f"penalised training loss at most {worse:.1e} above the peer's, relatively, on {len(tried)} fits")

    return Case(
        ours=lambda: fit_all(design, targets, folds),
        arrays={"design": design, "targets": targets, "folds": folds},
        touched_bytes=design.nbytes + targets.nbytes,
        check=check,
        data=f"{labels.source}; {MODELS} made models",
        settings={"folds": COUNT, "measured_folds": [0] if tiny else [0, 5], "penalty": PENALTY},
    )
