"""How alike models are: correlations, disagreement, clusters, neighbours, and what the others already know.

One pass a column, in which all models' values of that column are in memory at once: 500 models x 40,479 rows are 81 MB, three times over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.compiled import compiled
from stackyard.numerics.rows_of_models import columns_of, logits_of, spread_rows

MOST_CELLS = 50_000_000
"""Models x rows of one column; where there are more rows, evenly spread ones stand for all (a correlation needs no more)."""
SAME_CLUSTER = float(np.sqrt(0.9))
"""Two models belong together where they share nine tenths of their variance: r squared of 0.9."""
BLOCK = 1 << 13
# Sums of squares below this share of the values' own are rounding: the column says the same everywhere.
CONSTANT = 1e-10
JITTER = 1e-9


@dataclass(frozen=True)
class Diversity:
    """How alike models are; every matrix is (models, models), symmetric."""

    pearson: Floats
    """Of the logits (a regression's values), each column less its mean, over all cells. A model that says the same everywhere: 0."""
    spearman: Floats
    """The same of the ranks within each column; equal values share their mean rank."""
    nearest: Ints
    """(models,): the model with the highest Pearson correlation; -1 where there is no other."""
    redundancy: Floats
    """(models,): the share of a model's logits that a linear mixture of all others explains (R squared). 1: it says nothing new."""
    effective: float
    """How many models there are if those that say the same count once: (sum of eigenvalues)^2 / sum of their squares, of `pearson`."""
    clusters: Ints
    """(models,): number of the cluster; the largest is 0, of equally large ones that with the earliest model comes first."""
    order: Ints
    """(models,): an order in which models that are alike stand side by side, for a heat map."""
    rows: int
    """How many rows were looked at."""


def compare_models(predictions: Sequence[Floats], task: str) -> Diversity:
    """Return how alike the models are.

    predictions: one (n,) or (n, columns) a model, all of one shape; memory-mapped arrays are welcome.
    Clusters: average linkage on 1 - correlation, cut where a cluster's models would correlate less than sqrt(0.9) on average.
    Raises ShapeMismatch where shapes differ or there is no model.
    Source: Sokal and Michener (1958), A statistical method for evaluating systematic relationships. For `effective`: Bretherton
    et al. (1999), The Effective Number of Spatial Degrees of Freedom of a Time-Varying Field, Journal of Climate 12.

    >>> found = compare_models([np.array([0.1, 0.4, 0.8]), np.array([0.2, 0.5, 0.9]), np.array([0.9, 0.5, 0.2])], "binary")
    >>> found.nearest.tolist(), found.clusters.tolist()
    ([1, 0, 1], [0, 0, 1])
    """
    if not len(predictions) or any(values.shape != predictions[0].shape for values in predictions):
        raise ShapeMismatch(f"expected models of one shape, got {sorted({values.shape for values in predictions})}")
    models = [columns_of(values) for values in predictions]
    rows = spread_rows(len(models[0]), max(MOST_CELLS // len(models), 2))
    logit_products, rank_products = np.zeros((2, len(models), len(models)))
    for column in range(models[0].shape[1]):
        values = np.stack([model[rows, column] if len(rows) < len(model) else model[:, column] for model in models])
        logit_products += _products(_centred(logits_of(values, task)))
        rank_products += _products(_centred_ranks(np.asarray(values, np.float32)))
    pearson, spearman = _correlations(logit_products), _correlations(rank_products)
    clusters, order = _clusters(pearson)
    eigenvalues = np.linalg.eigvalsh(pearson)
    return Diversity(
        pearson=pearson,
        spearman=spearman,
        nearest=_nearest(pearson),
        redundancy=_redundancy(pearson),
        effective=float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum()),
        clusters=clusters,
        order=order,
        rows=len(rows),
    )


def label_disagreement(labels: Sequence[Numbers]) -> Floats:
    """Return the share of cells (rows, where a row has one class) that every two models decide differently, (models, models).

    labels: one array a model, bool (n,) or (n, labels), or class indices (n,).

    >>> label_disagreement([np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2])]).tolist()
    [[0.0, 0.25], [0.25, 0.0]]
    """
    if not len(labels) or any(values.shape != labels[0].shape for values in labels):
        raise ShapeMismatch(f"expected labels of one shape, got {sorted({values.shape for values in labels})}")
    agreed = np.zeros((len(labels), len(labels)))
    step = max(BLOCK // max(int(np.prod(labels[0].shape[1:])), 1), 1)
    for start in range(0, len(labels[0]), step):
        block = np.stack([values[start : start + step].ravel() for values in labels])
        for label in np.unique(block):
            chosen = (block == label).astype(np.float32)
            agreed += chosen @ chosen.T
    return np.asarray(1.0 - agreed / max(labels[0].size, 1))


def _centred(values: Floats) -> Floats:
    """Return each model's values less their mean, float32; zeros where they are all the same."""
    means = values.mean(axis=1, dtype=np.float64, keepdims=True)
    centred: Floats = (values - means).astype(np.float32)
    squares = np.einsum("ij,ij->i", centred, centred, dtype=np.float64)
    centred[squares <= CONSTANT * (1.0 + means[:, 0] ** 2) * values.shape[1]] = 0.0
    return centred


@compiled
def _share_ranks(ordered: Floats, order: Ints, ranks: Floats) -> None:
    """Write the rank of each value less the mean rank; equal values share the mean of theirs."""
    start, count = 0, len(ordered)
    middle = 0.5 * (count - 1)
    while start < count:
        stop = start + 1
        while stop < count and ordered[stop] == ordered[start]:
            stop += 1
        for place in range(start, stop):
            ranks[order[place]] = 0.5 * (start + stop - 1) - middle
        start = stop


def _centred_ranks(values: Floats) -> Floats:
    ranks = np.empty_like(values)
    for row, given in zip(ranks, values, strict=True):
        order = np.argsort(given)
        _share_ranks(given[order], order, row)
    return ranks


def _products(values: Floats) -> Floats:
    """Return the sums of products of every two models; blocks in float32, their sum in float64."""
    total = np.zeros((len(values), len(values)))
    for start in range(0, values.shape[1], BLOCK):
        block = values[:, start : start + BLOCK]
        total += block @ block.T
    return total


def _correlations(products: Floats) -> Floats:
    scale = np.sqrt(products.diagonal())
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    matrix: Floats = np.clip(products * inverse[:, None] * inverse, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _nearest(pearson: Floats) -> Ints:
    if len(pearson) == 1:
        return np.array([-1])
    others = pearson.copy()
    np.fill_diagonal(others, -np.inf)
    return np.asarray(others.argmax(axis=1))


def _redundancy(pearson: Floats) -> Floats:
    """Return R squared of each model on all others: 1 - 1 / (inverse correlation matrix)_ii."""
    inverse = np.linalg.inv(pearson + JITTER * np.eye(len(pearson)))
    return np.asarray(np.clip(1.0 - 1.0 / inverse.diagonal(), 0.0, 1.0))


def _clusters(pearson: Floats) -> tuple[Ints, Ints]:
    """Return the cluster of each model, and the order of the tree's leaves."""
    if len(pearson) == 1:
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    tree = linkage(squareform(1.0 - pearson, checks=False), method="average", optimal_ordering=len(pearson) <= 200)
    found = fcluster(tree, 1.0 - SAME_CLUSTER, criterion="distance")
    numbers, first, sizes = np.unique(found, return_index=True, return_counts=True)
    ranked = numbers[np.lexsort((first, -sizes))]
    renamed = np.empty(int(numbers.max()) + 1, np.int64)
    renamed[ranked] = np.arange(len(ranked))
    return renamed[found], leaves_list(tree).astype(np.int64)
