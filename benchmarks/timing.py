"""Seconds of repeated runs, and what this machine's memory can deliver. Imported by the peers' side too: numpy only."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST_RUNS, MOST_RUNS = 3, 101
BANDWIDTH_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Runs:
    """The seconds of each run, and what the last one returned."""

    seconds: list[float]
    result: Any

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def repeat(function: Callable[[], Any], budget_seconds: float = 3.0, least: int = LEAST_RUNS, most: int = MOST_RUNS) -> Runs:
    """Run again and again until the budget is spent, but at least and at most so often."""
    seconds: list[float] = []
    result = None
    while len(seconds) < least or (sum(seconds) < budget_seconds and len(seconds) < most):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return Runs(seconds, result)


def measure_bandwidth(size: int = BANDWIDTH_BYTES) -> float:
    """Return the bytes a second that all cores together can read, the best of several passes over one large array."""
    cells = np.ones(size // 8, np.int64)
    parts = np.array_split(cells, os.cpu_count() or 1)
    with ThreadPoolExecutor(len(parts)) as pool:
        # numpy's maximum is vectorised, lets go of the interpreter and does nothing but read
        runs = repeat(lambda: list(pool.map(np.max, parts)), budget_seconds=1.0, least=5)
    return cells.nbytes / min(runs.seconds)
