"""Sums of logarithms of mixtures: what every search for a log loss spends its time on.

The log of a product is the sum of logs, so that 6 cells are multiplied, 64 such products taken apart into mantissa and exponent, and
one logarithm is taken for 384 cells. Blocks of cells are small enough to stay in the cache while every model is added to every mixture.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from stackyard.numerics.arrays import Floats, Ints
from stackyard.numerics.compiled import compiled

LANES = 64
GROUP = 6 * LANES
"""Cells that share one logarithm. A block whose length is a multiple of it needs no others."""
CHUNK = 12 * GROUP
# Below this many cells float32 has nothing to save, and float64 is exact.
FEW_CELLS = 1_000_000


def cells_dtype(models: int, cells: int) -> type[np.floating]:
    """Return the precision in which cells are kept: float32 where a sum of very many rounds its errors away."""
    return np.float64 if models * cells < FEW_CELLS else np.float32


@compiled
def _sum_of_logs(total: Floats, cells: Floats, products: Floats) -> float:
    """Return the sum of log(total + cells); none may be below 1e-15, nor above some thousands."""
    bits = products.view(np.int64)
    whole = len(cells) // GROUP * GROUP
    summed = 0.0
    for base in range(0, whole, GROUP):
        t, c = total[base : base + GROUP], cells[base : base + GROUP]
        # written out, so that the compiler makes vector instructions of it; two factors of 1e-15 still fit float32, six fit float64
        for i in range(LANES):
            x = (t[i] + c[i]) * (t[i + LANES] + c[i + LANES])
            y = (t[i + 2 * LANES] + c[i + 2 * LANES]) * (t[i + 3 * LANES] + c[i + 3 * LANES])
            z = (t[i + 4 * LANES] + c[i + 4 * LANES]) * (t[i + 5 * LANES] + c[i + 5 * LANES])
            products[i] = np.float64(x) * np.float64(y) * np.float64(z)
        # a float64 is mantissa * 2 ** exponent: exponents are added, mantissas (1 to 2) multiplied
        exponent = -1023 * LANES
        for i in range(LANES):
            exponent += bits[i] >> 52
            bits[i] = (bits[i] & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000
        for i in range(32):
            products[i] *= products[i + 32]
        for i in range(16):
            products[i] *= products[i + 16]
        for i in range(8):
            products[i] *= products[i + 8]
        for i in range(4):
            products[i] *= products[i + 4]
        product = products[0] * products[1] * products[2] * products[3]
        summed += math.log(product) + exponent * math.log(2.0)
    for i in range(whole, len(cells)):
        summed += math.log(total[i] + cells[i])
    return summed


@compiled
def _sum_blocks(cells: Floats, counts: Floats, edges: Ints, first: int, last: int, sums: Floats) -> None:
    """Fill sums[mixture, block, model] for the blocks first..last; counts: (mixtures, models) in the dtype of the cells."""
    mixtures, models = counts.shape
    totals = np.empty((mixtures, CHUNK), cells.dtype)
    products = np.empty(LANES)
    for block in range(first, last):
        for start in range(edges[block], edges[block + 1], CHUNK):
            stop = min(start + CHUNK, edges[block + 1])
            size = stop - start
            for mixture in range(mixtures):
                total = totals[mixture, :size]
                total[:] = 0
                for model in range(models):
                    count = counts[mixture, model]
                    if count > 0:
                        part = cells[model, start:stop]
                        for i in range(size):
                            total[i] += count * part[i]
            for model in range(models):
                part = cells[model, start:stop]
                for mixture in range(mixtures):
                    sums[mixture, block, model] += _sum_of_logs(totals[mixture, :size], part, products)


def sum_logs_with_each(cells: Floats, counts: Ints, edges: Ints) -> Floats:
    """Return the sum of log of the mean with each model added once more, by block: (mixtures, blocks, models).

    cells: (models, cells), none below 1e-15. counts: how often each mixture holds each model, (mixtures, models). edges: where blocks
    begin and end, (blocks + 1,). The same arguments give the same bytes on any number of threads.

    >>> sum_logs_with_each(np.array([[1.0], [0.5]]), np.array([[1, 0]]), np.array([0, 1])).round(4).tolist()
    [[[0.0, -0.2877]]]
    """
    sums = np.zeros((len(counts), len(edges) - 1, len(cells)))
    weights = counts.astype(cells.dtype)
    blocks, threads = len(edges) - 1, os.cpu_count() or 1
    if cells.size < FEW_CELLS or threads == 1 or blocks == 1:
        _sum_blocks(cells, weights, edges, 0, blocks, sums)
    else:
        parts = np.linspace(0, blocks, min(blocks, 8 * threads) + 1).astype(int).tolist()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda k: _sum_blocks(cells, weights, edges, parts[k], parts[k + 1], sums), range(len(parts) - 1)))
    sizes = counts.sum(axis=1) + 1.0
    sums -= np.log(sizes)[:, None, None] * np.diff(edges)[None, :, None]
    return sums
