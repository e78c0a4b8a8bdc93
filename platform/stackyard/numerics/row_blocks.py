"""Rows dealt into blocks, no block in two folds: a sum over any folds, or any bootstrap sample, is a weighted sum over blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.log_sums import GROUP, cells_dtype
from stackyard.numerics.truth_cells import each_models_cells

BLOCKS = 160
"""Blocks in all, more or less. A bootstrap of so many blocks scatters as one of rows does, since rows are dealt at random."""


@dataclass(frozen=True)
class RowBlocks:
    """The rows of each block, and the fold that each block is of."""

    rows: list[Ints]
    folds: Ints
    """Shape (blocks,)."""

    @classmethod
    def deal(cls, folds: Ints, random: np.random.Generator, most: int = BLOCKS) -> RowBlocks:
        """Deal each fold's rows at random into its share of the blocks; few rows make blocks of one row each."""
        names = np.unique(folds)
        dealt: list[Ints] = []
        owners: list[int] = []
        for name in names:
            rows = random.permutation(np.flatnonzero(folds == name))
            pieces = np.array_split(rows, min(len(rows), max(1, most // len(names))))
            dealt += [np.sort(piece) for piece in pieces]
            owners += [int(name)] * len(pieces)
        return cls(dealt, np.array(owners))

    @property
    def sizes(self) -> Ints:
        """Rows of each block, shape (blocks,)."""
        return np.array([len(rows) for rows in self.rows])

    def resample(self, bags: int, random: np.random.Generator) -> Ints:
        """Return how often each bag holds each block, (bags, blocks): the first bag each once, the others a bootstrap within each fold.

        Source: Breiman (1996), Bagging Predictors, Machine Learning 24.
        """
        held = np.ones((bags, len(self.rows)), np.int64)
        for name in np.unique(self.folds):
            inside = np.flatnonzero(self.folds == name)
            for bag in range(1, bags):
                held[bag, inside] = np.bincount(random.integers(0, len(inside), len(inside)), minlength=len(inside))
        return held


def cells_by_block(predictions: Floats, truth: Numbers, blocks: RowBlocks) -> tuple[Floats, Ints]:
    """Return truth cells in the order of the blocks, (models, cells), and the blocks' edges; none below FLOOR.

    Blocks are filled up with cells of 1 to a length that the sums of logarithms like; those add nothing to any sum.
    """
    labels = truth.size // len(truth)
    lengths = -(-blocks.sizes * labels // GROUP) * GROUP
    edges = np.append(0, np.cumsum(lengths))
    source = np.full(edges[-1], -1)
    for rows, start in zip(blocks.rows, edges, strict=False):
        source[start : start + len(rows) * labels] = (rows[:, None] * labels + np.arange(labels)).ravel()
    filled = source < 0
    cells = np.empty((len(predictions), edges[-1]), cells_dtype(len(predictions), edges[-1]))
    for own, row in zip(each_models_cells(predictions, truth), cells, strict=True):
        row[:] = own[source]
        row[filled] = 1.0
    return cells, edges
