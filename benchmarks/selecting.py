"""Greedy selection against AutoGluon's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from stackyard.numerics.blending import blend, greedy_path
from stackyard.numerics.greedy import GreedyPath

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array, class_predictions, label_predictions, planet_labels, plankton_classes
from benchmarks.peer import PeerRun

STEPS, CUT = 50, 0.2
# AutoGluon rounds its scores to 6 digits, so it may take a model that is worse by that much.
ROUNDING = 1e-6


def log_loss_of(predictions: Array, truth: Array, weights: Array) -> float:
    """Return the log loss of a blend in float64, the plain way."""
    mixed = (
        np.tensordot(weights, predictions.astype(np.float64, copy=False), axes=1) if len(predictions) <= 64 else blend(predictions, weights)
    )
    if truth.ndim == 1 and mixed.ndim == 2:
        chosen = mixed[np.arange(len(truth)), truth].astype(np.float64)
    else:
        chosen = np.where(truth, mixed, 1.0 - mixed.astype(np.float64))
    return float(-np.log(np.clip(chosen, 1e-15, 1.0)).mean())


def f2_of(predictions: Array, truth: Array, weights: Array) -> float:
    """Return the mean F2 of a blend at the fixed threshold, in float64."""
    chosen = np.tensordot(weights, predictions.astype(np.float64), axes=1) >= CUT
    return float((5.0 * (truth & chosen).sum(axis=1) / np.maximum(4.0 * truth.sum(axis=1) + chosen.sum(axis=1), 1.0)).mean())


def check_path(
    predictions: Array, truth: Array, metric: str, options: Mapping[str, Any], steps: int, path: GreedyPath, peer: PeerRun | None
) -> Check:
    """Our value must be that of a float64 reference, and what the peer's weights reach after as many steps must be no better."""
    judge, sign = (f2_of, 1.0) if metric == "f_beta_samples_score" else (log_loss_of, -1.0)
    reached = judge(predictions, truth, path.weights)
    away = abs(reached - path.values[path.best_step - 1])
    how = f"{metric} {reached:.6f} is {away:.1e} from a float64 reference"
    if peer is None:
        return Check(bool(away < 1e-6), how)
    short = path if steps == len(path.picks) else greedy_path(predictions, truth, metric, steps, **options)
    ours, theirs = judge(predictions, truth, short.weights), judge(predictions, truth, peer.results["weights"])
    same = bool(np.allclose(short.weights, peer.results["weights"]))
    how += f"; after {steps} steps ours {ours:.6f}, the peer's {theirs:.6f}, {'the same' if same else 'other'} weights"
    return Check(bool(away < 1e-6 and sign * (ours - theirs) >= -ROUNDING), how)


def make(tiny: bool, *, models: int, measured_steps: int, metric: str = "binary_log_loss") -> Case:
    """Several labels: every label of every row is a cell."""
    labels = planet_labels(400) if tiny else planet_labels()
    models, measured_steps, steps = (5, 3, 6) if tiny else (models, measured_steps, STEPS)
    predictions, options = label_predictions(labels.truth, models), {}
    peer_truth, peer_predictions, cells = labels.truth.ravel().astype(np.int64), predictions.reshape(models, -1), labels.truth.size
    if metric == "f_beta_samples_score":
        options = {"beta": 2.0, "threshold": CUT}
        peer_truth, peer_predictions = labels.truth, predictions
    return Case(
        ours=lambda: greedy_path(predictions, labels.truth, metric, steps, **options),
        arrays={"predictions": peer_predictions, "truth": peer_truth},
        touched_bytes=4.0 * models * cells,
        check=partial(check_path, predictions, labels.truth, metric, options, measured_steps),
        data=f"{labels.source}; {models} made models",
        settings={
            "steps": steps,
            "measured_steps": measured_steps,
            "problem": "binary",
            "metric": "f2" if options else "log_loss",
            "repeats": 1,
        },
    )


def make_plankton(tiny: bool) -> Case:
    """Classes that exclude one another: the truth's probability is all that counts."""
    labels = plankton_classes(800) if tiny else plankton_classes()
    models, measured_steps, steps = (4, 2, 5) if tiny else (20, 4, STEPS)
    predictions = class_predictions(labels.truth, models)
    return Case(
        ours=lambda: greedy_path(predictions, labels.truth, "multiclass_log_loss", steps),
        arrays={"predictions": predictions, "truth": labels.truth},
        touched_bytes=4.0 * models * len(labels.truth),
        check=partial(check_path, predictions, labels.truth, "multiclass_log_loss", {}, measured_steps),
        data=f"{labels.source}; {models} made models",
        settings={"steps": steps, "measured_steps": measured_steps, "problem": "multiclass", "metric": "log_loss", "repeats": 1},
    )
