"""One round of hillclimbers' loop: each other model at each of 50 weights. Its metric counts the calls and ends the loop."""

from __future__ import annotations

import contextlib
import time
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

    def __init__(self, calls: int) -> None:
        self.calls, self.values, self.times = calls, [], []

    def __call__(self, truth: Array, predictions: Array) -> float:
        if len(self.values) == self.calls:
            raise EnoughError
        self.values.append(log_loss(truth, predictions))
        self.times.append(time.perf_counter())
        return self.values[-1]


def measure(arrays: dict[str, Array], settings: dict[str, int]) -> Measured:
    cells, truth = arrays["predictions"], np.array(arrays["truth"])
    frame = pd.DataFrame({f"m{j}": model for j, model in enumerate(cells)})
    # one call a model to sort them, one for the history and one at the round's start come before the round
    before = len(cells) + 2
    watch = Watch(before + settings["measured_calls"])
    target = pd.DataFrame({"y": truth})
    with contextlib.suppress(EnoughError):
        climb_hill(target, frame, frame.iloc[:1], "y", "minimize", partial(watch), precision=0.01, plot_hill=False, plot_hist=False)
    done = len(watch.values) - before
    seconds = watch.times[-1] - watch.times[before - 1]
    calls = (len(cells) - 1) * 50
    share = done / calls
    order = np.argsort(watch.values[: len(cells)], kind="stable")
    note = f"The peer was measured on {done} of {calls:,} evaluations and scaled." if share < 1 else ""
    return Measured([seconds], {"values": np.array(watch.values[before:]), "order": order}, share, note)
