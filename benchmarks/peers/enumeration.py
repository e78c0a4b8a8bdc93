"""Expected F2 as the team of 2017 found it: all outcomes of the uncertain labels, each judged under all of them, in Python.

A label at 0.5 or above is taken for sure, one at 0.05 or below for absent: that is fast enough to finish, and not exact.
"""

from __future__ import annotations

import platform
from itertools import product

import numpy as np

from benchmarks.peers.measured import Array, Measured
from benchmarks.timing import repeat

NAME = f"enumeration of uncertain labels, Python {platform.python_version()}"
LOW, HIGH = 0.05, 0.5


def f2(truth: tuple[int, ...], chosen: tuple[int, ...]) -> float:
    hits = sum(t and c for t, c in zip(truth, chosen, strict=True))
    possible = 4 * sum(truth) + sum(chosen)
    return 5 * hits / possible if possible else 0.0


def outcomes_of(row: list[float]) -> list[tuple[tuple[int, ...], float]]:
    """Return every label vector that the uncertain labels allow, with its probability."""
    uncertain = [j for j, p in enumerate(row) if LOW < p < HIGH]
    vector = [int(p >= HIGH) for p in row]
    outcomes = []
    for flags in product((0, 1), repeat=len(uncertain)):
        chance = 1.0
        for j, flag in zip(uncertain, flags, strict=True):
            vector[j] = flag
            chance *= row[j] if flag else 1 - row[j]
        outcomes.append((tuple(vector), chance))
    return outcomes


def by_vectors(rows: list[list[float]]) -> list[tuple[int, ...]]:
    best = []
    for row in rows:
        outcomes = outcomes_of(row)
        best.append(max((sum(chance * f2(truth, chosen) for truth, chance in outcomes), chosen) for chosen, _ in outcomes)[1])
    return best


def by_bits(rows: list[list[float]]) -> list[int]:
    """The same with label sets as bits of a whole number: what a careful programmer may reach without leaving Python."""
    best = []
    for row in rows:
        sets = [(sum(flag << j for j, flag in enumerate(vector)), chance) for vector, chance in outcomes_of(row)]
        weighed = [(truth, 5 * chance, 4 * truth.bit_count()) for truth, chance in sets if truth]
        values = []
        for chosen, _ in sets:
            size = chosen.bit_count()
            values.append(sum(chance * (truth & chosen).bit_count() / (size + four) for truth, chance, four in weighed))
        best.append(sets[values.index(max(values))][0])
    return best


def measure(arrays: dict[str, Array], settings: dict[str, int]) -> Measured:
    cells = arrays["probabilities"]
    rows = cells[: settings["measured_rows"]].astype(float).tolist()
    runs = repeat(lambda: by_vectors(rows), budget_seconds=0.0)
    bits = repeat(lambda: by_bits(rows), budget_seconds=0.0)
    share = len(rows) / len(cells)
    return Measured(
        runs.seconds,
        {"labels": np.array(runs.result, bool)},
        share,
        f"The peer was measured on the first {len(rows)} rows and scaled.",
        {"label sets as bits of a whole number": bits.median / share},
    )
