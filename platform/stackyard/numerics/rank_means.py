"""The mean of the models' ranks, read back on the scale of the predictions.

A value's rank is its place among the same model's predictions for the training folds, so that a single new row has one too. The mean
rank is read back as the value that the models' predictions have at that rank on average; that keeps the order and gives probabilities
(or values) that a loss can judge. Multiclass rows are renormalised.

Source: Bolstad et al. (2003), A comparison of normalization methods, Bioinformatics 19: quantile normalisation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stackyard.numerics.arrays import Floats, Ints
from stackyard.numerics.compiled import compiled
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup
from stackyard.numerics.metrics import MULTICLASS, REGRESSION
from stackyard.numerics.odds import EPSILON

FEW_CELLS = 2_000_000
"""So many are sorted; more are counted on a grid of log odds, 0.01 wide in the middle, which takes a tenth of the time."""
CELLS = 1024
# Log odds end at 13.8. A place on the grid is odds / (BEND + |odds|), which takes a quarter of an inverse hyperbolic sine's time.
EDGE, BEND = 14.0, 5.0
SCALE = CELLS / 2 * (BEND + EDGE) / EDGE
PLACES = 512


def fit_rank_mean(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn each model's ranks, and what a mean rank is worth."""
    cells = sum(len(part.targets) for part in parts) * len(parts[0].source) * parts[0].source.shape[2]
    if setup.task == REGRESSION or cells < FEW_CELLS:
        return _fit_sorted(parts, setup)
    return _fit_counted(parts, setup)


def _fit_sorted(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    # (models, training rows, columns), each model's column in order
    ordered = np.sort(np.concatenate([part.predictions for part in parts], axis=1), axis=1)
    scale = ordered.mean(axis=0, dtype=np.float64)
    places = (np.arange(len(scale)) + 0.5) / len(scale)

    def predict(predictions: Floats) -> Floats:
        ranks = np.empty(predictions.shape[1:])
        for column in range(predictions.shape[2]):
            own = [_rank(model[:, column], known[:, column]) for model, known in zip(predictions, ordered, strict=True)]
            ranks[:, column] = np.mean(own, axis=0)
        return _read_back(ranks, places, scale, setup.task)

    return predict


def _rank(values: Floats, known: Floats) -> Floats:
    """Return the share of known values, which are in order, below each value; equal ones count half."""
    # sorted questions walk through the known values once, and find them in the cache
    order = np.argsort(values)
    asked, column = values[order], np.ascontiguousarray(known)
    below = np.searchsorted(column, asked, side="left") + np.searchsorted(column, asked, side="right")
    ranks = np.empty(len(values))
    ranks[order] = below / (2.0 * len(known))
    return ranks


def _read_back(ranks: Floats, places: Floats, scale: Floats, task: str) -> Floats:
    """Return mean ranks (rows, columns) on the scale (places, columns), float32."""
    read: Floats = np.column_stack([np.interp(ranks[:, column], places, scale[:, column]) for column in range(ranks.shape[1])])
    if task == MULTICLASS:
        read /= np.maximum(read.sum(axis=1, keepdims=True), 1e-12)
    return read.astype(np.float32)


def _fit_counted(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    counts = np.sum([part.keep("rank_counts", _counts) for part in parts], axis=0)
    # the share of training rows below each edge of the grid, (models, columns, CELLS + 1)
    below = np.concatenate([np.zeros((*counts.shape[:2], 1)), counts.cumsum(axis=2)], axis=2) / counts.sum(axis=2, keepdims=True)
    places, edges = (np.arange(PLACES) + 0.5) / PLACES, np.arange(CELLS + 1.0)
    scale = np.zeros((PLACES, counts.shape[1]))
    for model in below:
        for column, shares in enumerate(model):
            scale[:, column] += _probability_at(np.interp(places, shares, edges)) / len(below)

    def predict(part: FoldRows) -> Floats:
        ranks = np.zeros((part.source.shape[1] if part.chosen is None else len(part.chosen), len(scale[0])))
        for model, shares in zip(_positions(part), below, strict=True):
            _add_ranks(model, shares, ranks)
        return _read_back(ranks / len(below), places, scale, setup.task)

    return RowsPredictor(predict)


def _positions(part: FoldRows) -> Floats:
    """Return where on the grid each prediction lies, float32 (models, rows, columns); kept where many fits will ask for it."""

    def made(rows: FoldRows) -> Floats:
        predictions = rows.predictions
        positions = np.empty(predictions.shape, np.float32)
        _locate(np.ascontiguousarray(predictions).reshape(-1), positions.reshape(-1))
        return positions

    return part.keep("rank_positions", made) if part.chosen is None else made(part)


def _counts(part: FoldRows) -> Ints:
    """Return how many predictions lie in each cell of the grid, (models, columns, CELLS)."""
    positions = _positions(part)
    counts = np.zeros((positions.shape[0], positions.shape[2], CELLS), np.int64)
    _count(positions, counts)
    return counts


def _probability_at(position: Floats) -> Floats:
    """Return the probability at a position on the grid."""
    place = (position - CELLS / 2) / SCALE
    odds = BEND * place / (1.0 - np.abs(place))
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * odds))


@compiled
def _locate(probabilities: Floats, positions: Floats) -> None:
    for i in range(len(probabilities)):
        p = min(max(np.float64(probabilities[i]), EPSILON), 1.0 - EPSILON)
        odds = math.log(p / (1.0 - p))
        positions[i] = odds / (BEND + abs(odds)) * SCALE + CELLS / 2


@compiled
def _count(positions: Floats, counts: Ints) -> None:
    models, rows, columns = positions.shape
    for k in range(models):
        for i in range(rows):
            for j in range(columns):
                counts[k, j, int(positions[k, i, j])] += 1


@compiled
def _add_ranks(positions: Floats, below: Floats, ranks: Floats) -> None:
    rows, columns = positions.shape
    for i in range(rows):
        for j in range(columns):
            cell = int(positions[i, j])
            share = positions[i, j] - cell
            ranks[i, j] += below[j, cell] * (1.0 - share) + below[j, cell + 1] * share
