"""AutoGluon's EnsembleSelection: its own log loss (several labels as one long binary task), or F2 with numpy as its custom metric."""

from __future__ import annotations

import time

import numpy as np
from autogluon.core.metrics import log_loss, make_scorer
from autogluon.core.models.greedy_ensemble.ensemble_selection import EnsembleSelection

from benchmarks.peers.measured import Array, Measured, with_version

NAME = with_version("autogluon.core, EnsembleSelection", "autogluon.core")


def numpy_log_loss(truth: Array, predictions: Array) -> float:
    return float(-np.log(np.where(truth, predictions, 1 - predictions)).mean())


def numpy_f2(truth: Array, predictions: Array) -> float:
    chosen = predictions >= 0.2
    return float((5 * (truth & chosen).sum(axis=1) / np.maximum(4 * truth.sum(axis=1) + chosen.sum(axis=1), 1)).mean())


METRICS = {
    "log_loss": log_loss,
    "numpy_log_loss": make_scorer("numpy_log_loss", numpy_log_loss, optimum=0, greater_is_better=False, needs_proba=True),
    "f2": make_scorer("f2", numpy_f2, optimum=1, greater_is_better=True, needs_proba=True),
}


def select(predictions: Array, truth: Array, metric: str, steps: int, problem: str) -> tuple[float, EnsembleSelection]:
    """Return the seconds of one selection, and the fitted selection."""
    selection = EnsembleSelection(ensemble_size=steps, problem_type=problem, metric=METRICS[metric])
    start = time.perf_counter()
    selection.fit(list(predictions), truth)
    return time.perf_counter() - start, selection


def measure(arrays: dict[str, Array], settings: dict[str, object]) -> Measured:
    predictions, truth = np.array(arrays["predictions"]), np.array(arrays["truth"])
    steps, whole, problem, metric = (settings[name] for name in ("measured_steps", "steps", "problem", "metric"))
    seconds, selection = select(predictions, truth, metric, steps, problem)
    share = steps / whole / settings["repeats"]
    variants = {}
    if metric == "log_loss" and problem == "binary":
        few = max(1, steps // 5)
        variants["with a log loss of four numpy calls as its metric"] = (
            select(predictions, truth, "numpy_log_loss", few, problem)[0] * whole / few * settings["repeats"]
        )
    note = f"The peer was measured on {steps} of {whole} steps" if share < 1 else ""
    if settings["repeats"] > 1:
        note += f" of one of {settings['repeats']:g} runs"
    note += " and scaled." if note else ""
    return Measured([seconds], {"weights": selection.weights_}, share, note, variants)
