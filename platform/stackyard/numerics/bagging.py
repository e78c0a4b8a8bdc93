"""Greedy selection on many samples of the rows at once: the mean of their weights varies less than any one of them.

Nested and bagged, selection runs once for each fold and bag, some two hundred times. Their samples are weighted sums over the same
blocks of rows, and many runs hold the same mixture at the same step; each mixture is judged once, block by block, for all of them.

Source: Caruana, Munson and Niculescu-Mizil (2006), Getting the Most Out of Ensemble Selection, ICDM; here rows are bagged, not models,
so that a model that all others need is missing from no bag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackyard.errors import RecipeInvalid
from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.greedy import GreedyPath, SquaredSearch, best_prefix, error_gram, search_for, walk
from stackyard.numerics.log_sums import sum_logs_with_each
from stackyard.numerics.metrics import Metric
from stackyard.numerics.row_blocks import RowBlocks, cells_by_block
from stackyard.numerics.truth_cells import LOG_LOSSES, check_shapes

BAGS = 20
STEPS = 25
"""Half of the plain search's: the mean over bags is fine enough."""
CELLS_IN_ALL = 2_000_000_000
"""Of all models, folds and bags together. With as many rows as that bags hardly differ, and fewer do."""
MIXTURES_AT_ONCE = 64


@dataclass(frozen=True)
class BaggedWeights:
    """Weights found on all rows, and for each fold on the others."""

    weights: Floats
    """Shape (models,)."""
    by_fold: dict[int, Floats]
    path: GreedyPath
    """The plain search on all rows: the first bag."""


def bagged_greedy_weights(
    predictions: Floats, truth: Numbers, metric: Metric, *, bags: int | None = None, steps: int = STEPS, seed: int = 0, **options: Any
) -> Floats:
    """Return the mean weights (models,) of greedy selection on all rows and on bootstrap samples of them.

    >>> from stackyard.numerics.metrics import METRICS
    >>> bagged_greedy_weights(np.array([[0.9, 0.8], [0.5, 0.5]]), np.array([1, 1]), METRICS["binary_log_loss"]).tolist()
    [1.0, 0.0]
    """
    folds = np.zeros(len(truth), np.int64)
    return _found(predictions, truth, folds, metric, options, bags=bags, steps=steps, seed=seed, nested=False).weights


def nested_bagged_greedy(
    predictions: Floats,
    truth: Numbers,
    folds: Ints,
    metric: Metric,
    *,
    bags: int | None = None,
    steps: int = STEPS,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> BaggedWeights:
    """Return bagged greedy weights found on all rows, and for each fold on the others.

    predictions: (models, n) or (models, n, columns), memory-mapped or not. truth: (n,) or (n, labels). folds: (n,).
    Log losses and the root mean squared error are sums over rows, and are bagged; any other metric is searched once a fold.
    bags: as many as the data afford (bags_for) where none is given.
    The same arguments give the same bytes. Raises ShapeMismatch, RecipeInvalid (bags, steps), MetricUndefined.
    """
    return _found(predictions, truth, folds, metric, options or {}, bags=bags, steps=steps, seed=seed, nested=True)


def bags_for(cells: int, folds: int) -> int:
    """Return how many bags a search over so many cells (models times truths) affords.

    >>> bags_for(13 * 19_579, 5), bags_for(56 * 688_143, 10)
    (20, 4)
    """
    return int(np.clip(CELLS_IN_ALL // max(1, cells * (folds + 1)), 1, BAGS))


def _found(
    predictions: Floats,
    truth: Numbers,
    folds: Ints,
    metric: Metric,
    options: Mapping[str, Any],
    *,
    bags: int | None,
    steps: int,
    seed: int,
    nested: bool,
) -> BaggedWeights:
    check_shapes(predictions, truth)
    names = [int(name) for name in np.unique(folds)] if nested else []
    bags = bags_for(len(predictions) * truth.size, len(names)) if bags is None else bags
    if bags < 1 or steps < 1:
        raise RecipeInvalid(f"expected at least one bag and one greedy step, got {bags} and {steps}")
    random = np.random.default_rng(seed)
    blocks = RowBlocks.deal(folds, random)
    if metric.name in LOG_LOSSES:
        paths = _log_loss_paths(predictions, truth, blocks, _samples(blocks, names, blocks.resample(bags, random)), steps)
    elif metric.name == "rmse_loss":
        paths = _squared_paths(predictions, truth, blocks, _samples(blocks, names, blocks.resample(bags, random)), steps)
    else:
        parts = [np.ones(len(truth), bool), *(folds != name for name in names)]
        bags = 1
        paths = [
            walk(search_for(predictions[:, part], truth[part], metric, options), len(predictions), metric.higher_is_better, steps)
            for part in parts
        ]
    means = [np.mean([path.weights for path in paths[start : start + bags]], axis=0) for start in range(0, len(paths), bags)]
    return BaggedWeights(means[0], dict(zip(names, means[1:], strict=True)), paths[0])


def _samples(blocks: RowBlocks, names: list[int], held: Ints) -> Ints:
    """Return how often each run's sample holds each block, (runs, blocks): all rows, then all but each fold, every bag of each."""
    return np.concatenate([held, *(held * (blocks.folds != name) for name in names)])


def _log_loss_paths(predictions: Floats, truth: Numbers, blocks: RowBlocks, samples: Ints, steps: int) -> list[GreedyPath]:
    cells, edges = cells_by_block(predictions, truth, blocks)
    sizes = samples @ blocks.sizes * (truth.size // len(truth))
    shares = samples / np.maximum(sizes, 1)[:, None]
    return walk_together(lambda counts: -sum_logs_with_each(cells, counts, edges), shares, len(predictions), steps)


def _squared_paths(predictions: Floats, truth: Numbers, blocks: RowBlocks, samples: Ints, steps: int) -> list[GreedyPath]:
    grams = np.array([error_gram(predictions[:, rows], truth[rows]) * len(rows) for rows in blocks.rows])
    sizes = np.maximum(samples @ blocks.sizes, 1)
    return [
        walk(SquaredSearch(np.tensordot(sample / size, grams, axes=1)), len(predictions), False, steps)
        for sample, size in zip(samples, sizes, strict=True)
    ]


def walk_together(judge: Callable[[Ints], Floats], shares: Floats, models: int, steps: int) -> list[GreedyPath]:
    """Return the greedy path of each run for a loss that is a sum over blocks.

    judge: turns mixtures, as counts (mixtures, models), into the loss with each model added, (mixtures, blocks, models).
    shares: what a run makes of the blocks, (runs, blocks); the value of a run is shares @ losses.
    """
    runs = np.arange(len(shares))
    counts: Ints = np.zeros((1, models), np.int64)
    place: Ints = np.zeros(len(shares), np.int64)
    picks = np.empty((len(shares), steps), np.int64)
    reached = np.empty((len(shares), steps))
    for step in range(steps):
        values = np.empty((len(shares), models))
        for start in range(0, len(counts), MIXTURES_AT_ONCE):
            losses = judge(counts[start : start + MIXTURES_AT_ONCE])
            for mixture, loss in enumerate(losses, start):
                values[place == mixture] = shares[place == mixture] @ loss
        picks[:, step] = values.argmin(axis=1)
        reached[:, step] = values[runs, picks[:, step]]
        after = counts[place]
        after[runs, picks[:, step]] += 1
        counts, place = np.unique(after, axis=0, return_inverse=True)
        place = place.reshape(-1)
    return [best_prefix(own, values, models, higher_is_better=False) for own, values in zip(picks, reached, strict=True)]
