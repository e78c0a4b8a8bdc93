"""Algorithm 1 of Ye, Chai, Lee and Chieu (2012), Optimizing F-measures: A Tale of Two Approaches, for F2: beta squared is q / r = 4 / 1.

Written from the paper, in the manner of the public code (sdcubber/f-measure): loops in Python over numpy arrays. The public code has
q = 2, which maximises another F.
"""

from __future__ import annotations

import platform

import numpy as np

from benchmarks.peers.measured import Array, Measured
from benchmarks.timing import repeat

NAME = f"Ye et al. (2012), Algorithm 1 with q=4, Python {platform.python_version()}, numpy {np.__version__}"
Q, R = 4, 1


def expectations(p: Array) -> list[float]:
    """Return the expected F2 of the k likeliest labels for k = 0 to n; p sorted down."""
    n = len(p)
    coefficients = np.zeros((n + 1, n + 2))
    coefficients[0, 0] = 1.0
    for i in range(n):
        for j in range(i + 1, -1, -1):
            coefficients[i + 1, j] = (1 - p[i]) * coefficients[i, j] + (p[i] * coefficients[i, j - 1] if j else 0.0)
    s = np.zeros((Q + R) * n + 1)
    for i in range(1, (Q + R) * n + 1):
        s[i] = Q / i
    values = [0.0] * (n + 1)
    for k in range(n, 0, -1):
        for hits in range(k + 1):
            values[k] += (1 + R / Q) * hits * coefficients[k, hits] * s[R * k + Q * hits]
        for i in range(1, (Q + R) * (k - 1) + 1):
            s[i] = (1 - p[k - 1]) * s[i] + p[k - 1] * s[i + Q]
    return values


def expectations_by_lists(p: list[float]) -> list[float]:
    """The same on Python's lists, which are several times faster one number at a time."""
    n = len(p)
    table = [[1.0]]
    for chance in p:
        last = table[-1]
        table.append([a * (1 - chance) + b * chance for a, b in zip([*last, 0.0], [0.0, *last], strict=True)])
    s = [0.0] + [Q / i for i in range(1, (Q + R) * n + 1)]
    values = [0.0] * (n + 1)
    for k in range(n, 0, -1):
        values[k] = (1 + R / Q) * sum(hits * chance * s[R * k + Q * hits] for hits, chance in enumerate(table[k]))
        chance, rest = p[k - 1], 1 - p[k - 1]
        s = [0.0] + [rest * s[i] + chance * s[i + Q] for i in range(1, (Q + R) * (k - 1) + 1)]
    return values


def label_sets(cells: Array) -> Array:
    chosen = np.zeros(cells.shape, bool)
    for row, out in zip(cells, chosen, strict=True):
        order = np.argsort(row)[::-1]
        out[order[: int(np.argmax(expectations(row[order])))]] = True
    return chosen


def label_sets_by_lists(cells: Array) -> None:
    for row in cells.tolist():
        values = expectations_by_lists(sorted(row, reverse=True))
        values.index(max(values))


def measure(arrays: dict[str, Array], settings: dict[str, int]) -> Measured:
    cells = arrays["probabilities"]
    part = cells[: settings["measured_rows"]].astype(float)
    runs = repeat(lambda: label_sets(part), budget_seconds=0.0)
    lists = repeat(lambda: label_sets_by_lists(part), budget_seconds=0.0)
    share = len(part) / len(cells)
    note = f"The peer was measured on the first {len(part)} rows and scaled." if share < 1 else ""
    return Measured(runs.seconds, {"labels": runs.result}, share, note, {"on Python's lists": lists.median / share})
