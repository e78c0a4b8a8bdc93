"""What level-2 models learn from: log odds, standardised by what the training folds say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.compiled import compiled
from stackyard.numerics.fold_rows import FoldRows
from stackyard.numerics.metrics import MULTICLASS, REGRESSION
from stackyard.numerics.odds import EPSILON, log_odds, odds_to_probabilities

__all__ = [
    "EPSILON",
    "Standard",
    "are_many",
    "beside_features",
    "log_odds",
    "log_odds_rows",
    "odds_to_probabilities",
    "rows_by_features",
    "summary_rows",
    "tree_rows",
    "within_evidence",
]


def rows_by_features(values: Floats) -> Floats:
    """Return (models, rows, columns) as (rows, models * columns), C order."""
    models, rows, columns = values.shape
    return np.ascontiguousarray(values.transpose(1, 0, 2)).reshape(rows, models * columns)


def log_odds_rows(part: FoldRows, task: str) -> Floats:
    """Return a fold's log odds as (rows, models * columns); kept, since every fit on this fold needs them."""
    return part.keep("log_odds_rows", lambda rows: rows_by_features(log_odds(rows.predictions, task)))


MOST_FEATURES = 160
"""With more models times columns than this, trees and nets look at SUMMARIES of each column: better, and faster."""
SUMMARIES = 6


@compiled
def _summarise(odds: Floats, ordered: Floats, summaries: Floats) -> None:
    """Fill summaries (cells, SUMMARIES) with mean, spread, least, quarters and greatest; odds and ordered: (cells, models)."""
    cells, models = odds.shape
    quarter = models // 4
    for i in range(cells):
        mean, spread = 0.0, 0.0
        for k in range(models):
            mean += odds[i, k]
        mean /= models
        for k in range(models):
            spread += (odds[i, k] - mean) ** 2
        summaries[i, 0], summaries[i, 1] = mean, math.sqrt(spread / models)
        summaries[i, 2], summaries[i, 3] = ordered[i, 0], ordered[i, quarter]
        summaries[i, 4], summaries[i, 5] = ordered[i, models - 1 - quarter], ordered[i, models - 1]


def summary_rows(part: FoldRows, task: str) -> Floats:
    """Return what the models say of each column taken together, float32 (rows, SUMMARIES * columns); kept."""

    def made(rows: FoldRows) -> Floats:
        odds = log_odds(rows.predictions, task)
        _, count, columns = odds.shape
        cells = np.ascontiguousarray(odds.reshape(len(odds), -1).T)
        summaries = np.empty((count * columns, SUMMARIES), np.float32)
        _summarise(cells, np.sort(cells, axis=1), summaries)
        return np.ascontiguousarray(summaries.reshape(count, columns, SUMMARIES).transpose(0, 2, 1)).reshape(count, -1)

    return part.keep("summary_rows", made)


def are_many(source: Floats) -> bool:
    """Say whether predictions (models, rows, columns) are so many features that SUMMARIES stand for them."""
    return int(source.shape[0] * source.shape[2]) > MOST_FEATURES


def tree_rows(part: FoldRows, task: str) -> Floats:
    """Return a fold's log odds, or their summaries where they are many: (rows, features)."""
    return summary_rows(part, task) if are_many(part.source) else log_odds_rows(part, task)


def beside_features(rows: Floats, part: FoldRows) -> Floats:
    """Return what predictions say of a fold's rows, (rows, k), with the features that the fit was given after it."""
    return rows if part.features is None else np.concatenate([rows, part.features], axis=1)


@dataclass(frozen=True)
class Standard:
    """Centre and scale of each feature, learned from training rows."""

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, blocks: Sequence[Floats]) -> Standard:
        """Learn from blocks of rows (rows, features); a constant feature gets scale 1, so that it becomes 0."""
        count = sum(len(block) for block in blocks)
        mean = np.sum([block.sum(axis=0, dtype=np.float64) for block in blocks], axis=0) / count
        square = np.sum([((block - mean) ** 2).sum(axis=0) for block in blocks], axis=0) / count
        scale = np.sqrt(square)
        return cls(mean, np.where(scale > 1e-6 * (1.0 + np.abs(mean)), scale, 1.0))

    def apply(self, block: Floats) -> Floats:
        """Return the block standardised, float32."""
        return np.asarray((block - self.mean) / self.scale, np.float32)


def within_evidence(probabilities: Floats, rows: int, task: str) -> Floats:
    """Return probabilities no surer than the training rows allow, float32; multiclass rows sum to 1.

    A model that averages or is linear may say 0 or less. Of what never happened in n rows, Laplace's rule of succession still
    gives 1 / (n + 2); that is the floor, and it needs no tuning. A regression's values stay as they are.

    >>> within_evidence(np.array([[-0.1], [0.5]]), 8, "binary").astype(float).round(2).tolist()
    [[0.1], [0.5]]
    """
    if task == REGRESSION:
        return np.asarray(probabilities, np.float32)
    floor = 1.0 / (rows + 2)
    kept: Floats = np.clip(probabilities, floor, 1.0 - floor, dtype=np.float64)
    if task == MULTICLASS:
        kept /= kept.sum(axis=1, keepdims=True)
    return kept.astype(np.float32)
