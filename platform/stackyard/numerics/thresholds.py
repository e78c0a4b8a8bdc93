"""A threshold a label, found by coordinate search: each step is exact for its label while the others stand.

Rows at or above a threshold get the label, so for one label only the order of the rows matters: what each row gains by getting the
label is summed down the order, and the best place to stop is the greatest sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints, Numbers
from stackyard.numerics.metrics import Metric

# A label with fewer positives (or negatives) than this is left at the common threshold: its own would be noise.
FEWEST_ROWS = 20
MOST_SWEEPS = 10
COMMON_GRID = np.arange(1, 50) / 50
GENERIC_CANDIDATES = 25
# What a step must add to the metric; less is rounding, and would make the sweeps go on.
LEAST_GAIN = 1e-12


def threshold_labels(probabilities: Floats, thresholds: Floats) -> Bools:
    """Return the labels whose probability is at or above the label's threshold, of the probabilities' shape (n,) or (n, L).

    thresholds: shape (L,), or (1,) for probabilities (n,).

    >>> threshold_labels(np.array([[0.4, 0.6]]), np.array([0.4, 0.7])).tolist()
    [[True, False]]
    """
    labels: Bools = probabilities >= np.asarray(thresholds, np.float64)
    return labels


def fit_thresholds(probabilities: Floats, truth: Bools, metric: Metric, options: Mapping[str, Any]) -> Floats:
    """Return one threshold a label, shape (L,), each strictly inside (0, 1): a file of noughts and ones is left as it is.

    probabilities: (n, L) or (n,); truth: bool, the same shape. The search starts at the best common threshold of a grid; labels with
    fewer than FEWEST_ROWS positives or negatives stay there. It is exact by label for F-beta by rows, macro F1 and accuracy; any other
    metric is tried on GENERIC_CANDIDATES quantiles a label.

    >>> from stackyard.numerics.metrics import METRICS
    >>> fit_thresholds(np.repeat([0.1, 0.3], 20), np.repeat([False, True], 20), METRICS["f1_score"], {}).round(3).tolist()
    [0.2]
    """
    settings = metric.settings(options)
    cells, flags = _as_columns(probabilities), np.ascontiguousarray(_as_columns(truth), np.bool_)
    if not len(cells):
        return np.full(cells.shape[1], 0.5)
    thresholds = np.full(cells.shape[1], _common_threshold(cells, flags, metric, settings))
    positives = np.count_nonzero(flags, axis=0)
    searched = np.flatnonzero((positives >= FEWEST_ROWS) & (len(cells) - positives >= FEWEST_ROWS))
    if metric.name == "f1_score":
        for label in searched:
            thresholds[label] = _best_f1_threshold(np.ascontiguousarray(cells[:, label]), flags[:, label])
        return thresholds
    if metric.name in BY_COUNTS:
        return _sweep(cells, flags, thresholds, searched, _worth_of(settings))
    return _sweep_by_trial(cells, flags, thresholds, searched, metric, settings)


def _as_columns(values: Numbers) -> Numbers:
    return values[:, None] if values.ndim == 1 else values


def _worth_of(settings: Mapping[str, float]) -> tuple[float, float]:
    """Return (beta, zero_division) as the kernels take them: accuracy, which has no beta, is asked for by a negative one."""
    return settings.get("beta", -1.0), settings.get("zero_division", 0.0)


def _common_threshold(cells: Floats, flags: Bools, metric: Metric, settings: Mapping[str, float]) -> float:
    """Return the grid's best threshold for all labels at once; of equally good ones the nearest to a half."""
    if metric.name in BY_COUNTS:
        # imported here: numba must stay out of the web process
        from stackyard.numerics.row_gains import sum_over_levels  # noqa: PLC0415

        values = sum_over_levels(cells, flags, COMMON_GRID, *_worth_of(settings)) / len(cells)
    else:
        sign = 1.0 if metric.higher_is_better else -1.0
        values = np.array([sign * metric(flags, cells >= level, **settings) for level in COMMON_GRID])
    best = COMMON_GRID[values >= values.max() - LEAST_GAIN]
    return float(best[np.abs(best - 0.5).argmin()])


def _falling(scores: Floats) -> Ints:
    """Return the order of falling scores, (n,); equal ones keep theirs."""
    # imported here: numba must stay out of the web process
    from stackyard.numerics.row_gains import falling_order  # noqa: PLC0415

    if scores.dtype != np.float32 or scores.min(initial=0.0) < 0:
        return np.argsort(-scores, kind="stable")
    return falling_order(scores)


def _cuts_between(ordered: Floats) -> tuple[Floats, Bools]:
    """Return the n + 1 thresholds that give the label to the first 0, 1, ... n rows of a descending order, and which of them exist.

    None exists between equal probabilities, nor one that would not lie strictly inside (0, 1).
    """
    upper = np.concatenate([[1.0], ordered.astype(np.float64)])
    lower = np.concatenate([ordered.astype(np.float64), [0.0]])
    middle = (upper + lower) / 2
    return middle, (middle > lower) & (middle < 1) & (middle > 0) & (lower < upper)


def _sweep(cells: Floats, flags: Bools, thresholds: Floats, searched: Ints, worth: tuple[float, float]) -> Floats:
    """Move one threshold after another to its best place until a whole sweep changes nothing."""
    # imported here: numba must stay out of the web process
    from stackyard.numerics.row_gains import best_cut, cut_at, give_label  # noqa: PLC0415

    # a label's rows lie together
    columns = np.ascontiguousarray(cells.T)
    given, wanted = np.ascontiguousarray(threshold_labels(cells, thresholds).T), np.ascontiguousarray(flags.T)
    true, predicted, hits = (rows.sum(axis=0, dtype=np.int32) for rows in (wanted, given, given & wanted))
    orders = {int(label): _falling(columns[label]) for label in searched}
    ordered = {label: columns[label][order].astype(np.float64) for label, order in orders.items()}
    for _ in range(MOST_SWEEPS):
        moved = False
        for label, order in orders.items():
            stop, best, now = best_cut(order, ordered[label], wanted[label], given[label], true, predicted, hits, *worth)
            if stop >= 0 and best > now + LEAST_GAIN * len(cells):
                thresholds[label], moved = cut_at(ordered[label], stop), True
                give_label(order, stop, wanted[label], given[label], predicted, hits)
        if not moved:
            break
    return thresholds


def _best_f1_threshold(scores: Floats, flags: Bools) -> float:
    """Return the threshold with the best F1 of one label: in the macro mean the labels do not meet."""
    order = _falling(scores)
    middle, allowed = _cuts_between(scores[order])
    hits = np.concatenate([[0], np.cumsum(flags[order])])
    values = np.where(allowed, 2 * hits / (np.arange(len(hits)) + flags.sum()), -1.0)
    return float(middle[values.argmax()]) if allowed.any() else 0.5


def _sweep_by_trial(
    cells: Floats, flags: Bools, thresholds: Floats, searched: Ints, metric: Metric, settings: Mapping[str, float]
) -> Floats:
    """Do as _sweep does for a metric of which nothing is known: try quantiles and keep what is better."""
    best = metric(flags, threshold_labels(cells, thresholds), **settings)
    for _ in range(MOST_SWEEPS):
        before = best
        for label in searched:
            levels = np.quantile(cells[:, label].astype(np.float64), np.linspace(0, 1, GENERIC_CANDIDATES))
            for level in np.unique(levels[(levels > 0) & (levels < 1)]):
                trial = thresholds.copy()
                trial[label] = level
                value = metric(flags, threshold_labels(cells, trial), **settings)
                if metric.is_better(value, best):
                    thresholds, best = trial, value
        if best == before:
            break
    return thresholds


BY_COUNTS = frozenset({"f_beta_samples_score", "accuracy_score"})
"""Metrics of which row_gains.py knows what a label is worth to a row."""
