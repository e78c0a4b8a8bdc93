"""One round of hillclimbers' loop: each other model at each of 50 weights. Its metric counts the calls and ends the loop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from hillclimbers import climb_hill
from sklearn.metrics import log_loss

from benchmarks.peers.measured import Array, Measured, with_version

NAME = with_version("hillclimbers, climb_hill with scikit-learn's log_loss", "hillclimbers")


class EnoughError(Exception):
    """The measured calls are done."""


class Watch:
    """A log loss that keeps its values and the time of its calls, and stops the loop that calls it."""

    __name__ = "log_loss"

    def __init__(self, function: Callable[[Array, Array], float], calls: int) -> None:
        self.function, self.calls, self.values, self.times = function, calls, [], []

    def __call__(self, truth: Array, predictions: Array) -> float:
        if len(self.values) == self.calls:
            raise EnoughError
        self.values.append(self.function(truth, predictions))
        self.times.append(time.perf_counter())
        return self.values[-1]


def numpy_log_loss(truth: pd.Series, predictions: pd.Series) -> float:
    return float(-np.log(np.where(truth.to_numpy(), predictions.to_numpy(), 1 - predictions.to_numpy())).mean())


def climb(target: pd.DataFrame, frame: pd.DataFrame, function: Callable[..., float], calls: int) -> tuple[Watch, float]:
    """Run the loop until so many calls of its first round are done; return the watch and the seconds of one call."""
    # one call a model to sort them, one for the history and one at the round's start come before the round
    before = frame.shape[1] + 2
    watch = Watch(function, before + calls)
    with contextlib.suppress(EnoughError):
        climb_hill(target, frame, frame.iloc[:1], "y", "minimize", partial(watch), precision=0.01, plot_hill=False, plot_hist=False)
    return watch, (watch.times[-1] - watch.times[before - 1]) / (len(watch.times) - before)


def measure(arrays: dict[str, Array], settings: dict[str, int]) -> Measured:
    cells, calls = arrays["predictions"], settings["measured_calls"]
    frame = pd.DataFrame({f"m{j}": model for j, model in enumerate(cells)})
    target = pd.DataFrame({"y": np.array(arrays["truth"])})
    watch, seconds = climb(target, frame, log_loss, calls)
    _, fast_seconds = climb(target, frame, numpy_log_loss, calls)
    whole = (len(cells) - 1) * 50
    order = np.argsort(watch.values[: len(cells)], kind="stable")
    values = np.array(watch.values[len(cells) + 2 :])
    note = f"The peer was measured on {len(values)} of {whole:,} evaluations and scaled."
    variants = {"with a log loss of four numpy calls as its metric": fast_seconds * whole}
    return Measured([seconds], {"values": values, "order": order}, 1 / whole, note, variants)
