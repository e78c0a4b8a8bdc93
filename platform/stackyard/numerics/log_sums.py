"""Sums of logarithms of mixtures: what every search for a log loss spends its time on.

The log of a product is the sum of logs, so that 16 cells are multiplied, such products taken apart into mantissa and exponent, and one
logarithm is taken for 4096 cells. Chunks of cells are small enough to stay in the cache while every model is added to every mixture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from stackyard.numerics.arrays import Floats, Ints
from stackyard.numerics.compiled import compiled
from stackyard.numerics.threads import cores, on_all_cores

WIDTH = 16
"""How many cells go side by side: as many float32 as the widest instructions take."""
GROUP = 16 * WIDTH
"""Cells that become WIDTH products. A block whose length is a multiple of it needs no filling up."""
LANES = 4 * WIDTH
SWEEP = 16 * LANES
"""Cells that are taken apart at once."""
CHUNK = 4 * SWEEP
"""Cells that share one logarithm."""
# Below this many cells float32 has nothing to save, and float64 is exact.
FEW_CELLS = 1_000_000
# Added to exponents, so that none is below 0, which says something else.
OFFSET = 1 << 20


def cells_dtype(models: int, cells: int) -> type[np.floating]:
    """Return the precision in which cells are kept: float32 where a sum of very many rounds its errors away."""
    return np.float64 if models * cells < FEW_CELLS else np.float32


@compiled
def _multiply(t: Floats, c: Floats, products: Floats) -> None:
    """Write the products of t + c, whole groups of each and a SWEEP at most, 16 factors in each of LANES; 1 where there are no cells."""
    # written out, and as often whatever there is, so that the compiler makes vector instructions of it
    for part in range(0, LANES, WIDTH):
        if 16 * part >= len(t):
            products[part:] = 1.0
            break
        for i in range(16 * part, 16 * part + WIDTH):
            p = (t[i] + c[i]) * (t[i + WIDTH] + c[i + WIDTH])
            q = (t[i + 2 * WIDTH] + c[i + 2 * WIDTH]) * (t[i + 3 * WIDTH] + c[i + 3 * WIDTH])
            r = (t[i + 4 * WIDTH] + c[i + 4 * WIDTH]) * (t[i + 5 * WIDTH] + c[i + 5 * WIDTH])
            s = (t[i + 6 * WIDTH] + c[i + 6 * WIDTH]) * (t[i + 7 * WIDTH] + c[i + 7 * WIDTH])
            u = (t[i + 8 * WIDTH] + c[i + 8 * WIDTH]) * (t[i + 9 * WIDTH] + c[i + 9 * WIDTH])
            v = (t[i + 10 * WIDTH] + c[i + 10 * WIDTH]) * (t[i + 11 * WIDTH] + c[i + 11 * WIDTH])
            w = (t[i + 12 * WIDTH] + c[i + 12 * WIDTH]) * (t[i + 13 * WIDTH] + c[i + 13 * WIDTH])
            x = (t[i + 14 * WIDTH] + c[i + 14 * WIDTH]) * (t[i + 15 * WIDTH] + c[i + 15 * WIDTH])
            products[i - 15 * part] = ((p * q) * (r * s)) * ((u * v) * (w * x))


@compiled
def _take_apart_float32(products: Floats, bits: Ints, mantissas: Floats) -> int:
    """Multiply the products' mantissas (1 to 2) into mantissas, and return the sum of the exponents.

    Where a product has left what float32 can tell, nothing is done but to return -1.
    """
    exponents, strange = np.int32(0), np.int32(0)
    for i in range(LANES):
        exponent = bits[i] >> np.int32(23)
        exponents += exponent
        strange += np.int32(exponent == 0) | np.int32(exponent == 255)
        bits[i] = (bits[i] & np.int32(0x7FFFFF)) | np.int32(0x3F800000)
    if strange > 0:
        return -1
    for i in range(LANES):
        mantissas[i] *= products[i]
    return int(exponents) - 127 * LANES + OFFSET


@compiled
def _take_apart_float64(products: Floats, bits: Ints, mantissas: Floats) -> int:
    """The same for float64, which tells 16 factors of 1e-15 well."""
    exponents = 0
    for i in range(LANES):
        exponents += bits[i] >> 52
        bits[i] = (bits[i] & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000
    for i in range(LANES):
        mantissas[i] *= products[i]
    return exponents - 1023 * LANES + OFFSET


@compiled
def _log_of(mantissas: Floats, exponent: int) -> float:
    """Return the log of all mantissas' product times 2 ** exponent."""
    wide = mantissas.astype(np.float64)
    width = LANES // 2
    while width >= 4:
        for i in range(width):
            wide[i] *= wide[i + width]
        width //= 2
    return math.log(wide[0] * wide[1] * wide[2] * wide[3]) + exponent * math.log(2.0)


@compiled
def _log_in_float64(total: Floats, cells: Floats) -> float:
    """Return the sum of log(total + cells), a SWEEP of each at most, where float32 is too narrow for their products."""
    products, mantissas = np.empty(LANES), np.ones(LANES)
    _multiply(total.astype(np.float64), cells.astype(np.float64), products)
    return _log_of(mantissas, _take_apart_float64(products, products.view(np.int64), mantissas) - OFFSET)


@compiled
def _sum_chunk(totals: Floats, size: int, cells: Floats, start: int, sums: Floats) -> None:
    """Add to sums (mixtures, models) the sums of log(total + cell) over the cells start..start + size.

    totals: (mixtures, CHUNK), of the same cells; what is beyond `size` is overwritten.
    """
    mixtures, models = sums.shape
    padded = -(-size // GROUP) * GROUP
    # log(1 + 0) adds nothing
    filled = np.zeros(CHUNK, cells.dtype)
    totals[:, size:padded] = 1.0
    products, mantissas, exponents = np.empty(LANES, cells.dtype), np.empty((mixtures, LANES), cells.dtype), np.empty(mixtures, np.int64)
    bits32, bits64 = products.view(np.int32), products.view(np.int64)
    for model in range(models):
        part = cells[model, start : start + size]
        if size < padded:
            filled[:size] = part
            part = filled[:padded]
        mantissas[:] = 1.0
        exponents[:] = 0
        for base in range(0, padded, SWEEP):
            end = min(base + SWEEP, padded)
            own = part[base:end]
            for mixture in range(mixtures):
                total = totals[mixture, base:end]
                _multiply(total, own, products)
                if cells.itemsize == 4:
                    exponent = _take_apart_float32(products, bits32, mantissas[mixture])
                else:
                    exponent = _take_apart_float64(products, bits64, mantissas[mixture])
                if exponent >= 0:
                    exponents[mixture] += exponent - OFFSET
                else:
                    sums[mixture, model] += _log_in_float64(total, own)
        for mixture in range(mixtures):
            sums[mixture, model] += _log_of(mantissas[mixture], exponents[mixture])


@compiled
def _sum_blocks(cells: Floats, counts: Floats, edges: Ints, first: int, last: int, sums: Floats) -> None:
    """Fill sums[block, mixture, model] for the blocks first..last; counts: (mixtures, models) in the dtype of the cells."""
    totals = np.empty((len(counts), CHUNK), cells.dtype)
    for block in range(first, last):
        for start in range(edges[block], edges[block + 1], CHUNK):
            size = min(CHUNK, edges[block + 1] - start)
            for mixture in range(len(counts)):
                total = totals[mixture]
                total[:size] = 0
                for model in range(len(cells)):
                    count = counts[mixture, model]
                    if count > 0:
                        part = cells[model, start : start + size]
                        for i in range(size):
                            total[i] += count * part[i]
            _sum_chunk(totals, size, cells, start, sums[block])


@compiled
def _sum_blocks_along(cells: Floats, total: Floats, taken: Ints, coming: Ints, edges: Ints, first: int, last: int, sums: Floats) -> None:
    """Add the models taken to the blocks first..last of total; fill sums[block, mixture, model] for it, and with each coming model more."""
    totals = np.empty((len(coming) + 1, CHUNK), cells.dtype)
    for block in range(first, last):
        for start in range(edges[block], edges[block + 1], CHUNK):
            size = min(CHUNK, edges[block + 1] - start)
            own = total[start : start + size]
            for model in taken:
                part = cells[model, start : start + size]
                for i in range(size):
                    own[i] += part[i]
            totals[0, :size] = own
            for mixture in range(len(coming)):
                here, after, part = totals[mixture], totals[mixture + 1], cells[coming[mixture], start : start + size]
                for i in range(size):
                    after[i] = here[i] + part[i]
            _sum_chunk(totals, size, cells, start, sums[block])


def sum_logs_with_each(cells: Floats, counts: Ints, edges: Ints) -> Floats:
    """Return the sum of log of the mean with each model added once more, by block: (mixtures, blocks, models).

    cells: (models, cells), none below 1e-15. counts: how often each mixture holds each model, (mixtures, models). edges: where blocks
    begin and end, (blocks + 1,). The same arguments give the same bytes on any number of threads.

    >>> sum_logs_with_each(np.array([[1.0], [0.5]]), np.array([[1, 0]]), np.array([0, 1])).round(4).tolist()
    [[[0.0, -0.2877]]]
    """
    sums, weights = np.zeros((len(edges) - 1, *counts.shape)), counts.astype(cells.dtype)
    _share_blocks(lambda first, last: _sum_blocks(cells, weights, edges, first, last, sums), len(edges) - 1, cells.size)
    return _of_means(sums, counts.sum(axis=1), edges)


def sum_logs_along(cells: Floats, total: Floats, size: int, taken: Sequence[int], coming: Sequence[int], edges: Ints) -> Floats:
    """Return the same for a running sum and for what it becomes, model by model: (1 + coming, blocks, models).

    total: (cells,), a sum of `size` models; those taken since are added to it, in place. coming: models to be added one after the other.

    >>> total, cells = np.array([1.0]), np.array([[1.0], [0.5]])
    >>> sum_logs_along(cells, total, 1, [0], [1], np.array([0, 1])).round(4).tolist()
    [[[-0.0, -0.1823]], [[-0.1335, -0.2877]]]
    >>> total.tolist()
    [2.0]
    """
    sums, taken_, coming_ = np.zeros((len(edges) - 1, 1 + len(coming), len(cells))), np.array(taken, np.int64), np.array(coming, np.int64)
    _share_blocks(lambda a, b: _sum_blocks_along(cells, total, taken_, coming_, edges, a, b, sums), len(edges) - 1, cells.size)
    return _of_means(sums, size + len(taken) + np.arange(1 + len(coming)), edges)


def _share_blocks(work: Callable[[int, int], None], blocks: int, cells: int) -> None:
    """Have all cores work on the blocks first..last, several shares each, where there are enough cells."""
    shares = min(blocks, 8 * cores()) if cells >= FEW_CELLS else 1
    edges = np.linspace(0, blocks, shares + 1).astype(int).tolist()
    on_all_cores(lambda share: work(edges[share], edges[share + 1]), range(shares))


def _of_means(sums: Floats, sizes: Ints, edges: Ints) -> Floats:
    """Return sums of logs of sums (blocks, mixtures, models) of sizes + 1 models as those of means, (mixtures, blocks, models)."""
    return np.asarray(sums.transpose(1, 0, 2) - np.log(sizes + 1.0)[:, None, None] * np.diff(edges)[None, :, None])
