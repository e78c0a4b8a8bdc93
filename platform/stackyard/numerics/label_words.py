"""F-beta of many rows, averaged by fold in one pass: a row's flags become the bits of one word, and are counted by one instruction."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic

from stackyard.numerics.arrays import Bools, Floats, Ints

LABELS = 64
"""As many fit into one word."""
HALF = 32
FOLDS = 256


def _define_count_bits(_typing: Any, _word: Any) -> Any:
    """Return how many bits of an unsigned 64-bit number are 1."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), build


def _read_flags(count: int) -> Any:
    """Return a function that reads so many bytes at an address, which may be any, as bits: 1 where a byte is not 0, the first lowest."""

    def define(_typing: Any, _address: Any) -> Any:
        def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            kind = ir.VectorType(ir.IntType(8), count)
            flags = builder.load(builder.inttoptr(arguments[0], kind.as_pointer()))
            flags.align = 1
            bits = builder.bitcast(builder.icmp_unsigned("!=", flags, ir.Constant(kind, [0] * count)), ir.IntType(count))
            return builder.zext(bits, ir.IntType(LABELS)) if count < LABELS else bits

        return types.uint64(types.intp), build

    return intrinsic(define)


_count_bits: Any = intrinsic(_define_count_bits)
_read_half, _read_word = _read_flags(HALF), _read_flags(LABELS)


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _sum_by_fold(truth: int, chosen: int, labels: int, folds: Ints, squared: float, empty: float, sums: Floats, sizes: Ints) -> bool:
    """Add each row's F-beta to its fold's sum; say whether all fold numbers were 0 to FOLDS - 1. An empty row scores `empty`.

    truth, chosen: addresses of bytes in C order, `labels` a row; as many as make a word may be read from where a row begins.
    """
    own = np.uint64(2**LABELS - 1) >> np.uint64(LABELS - labels)
    for i in range(len(folds)):
        if labels <= HALF:
            true_flags, flags = _read_half(truth + i * labels) & own, _read_half(chosen + i * labels) & own
        else:
            true_flags, flags = _read_word(truth + i * labels) & own, _read_word(chosen + i * labels) & own
        true, taken, hits = _count_bits(true_flags), _count_bits(flags), _count_bits(true_flags & flags)
        fold = folds[i]
        if fold < 0 or fold >= FOLDS:
            return False
        value = (1.0 + squared) * hits / (squared * true + taken)
        sums[fold] += value if true + taken > 0 else empty
        sizes[fold] += 1
    return True


def mean_f_beta_by_fold(truth: Bools, labels: Bools, folds: Ints, squared_beta: float, zero_division: float) -> Floats | None:
    """Return the mean over each fold's rows, in the order of the fold numbers that occur; None for numbers above 255 or below 0.

    truth, labels: bool (n, L), C order, at most LABELS columns.
    """
    sums, sizes = np.zeros(FOLDS), np.zeros(FOLDS, np.int64)
    # of the last rows a copy is read, so that nothing is read beyond their end
    columns = truth.shape[1]
    most = max(0, len(truth) - LABELS // columns)
    room = np.zeros((2, LABELS + LABELS), np.bool_)
    rest = truth[most:].size
    room[0, :rest], room[1, :rest] = truth[most:].ravel(), labels[most:].ravel()
    options = squared_beta, zero_division, sums, sizes
    whole = _sum_by_fold(_address(truth), _address(labels), columns, folds[:most], *options)
    if not (whole and _sum_by_fold(_address(room[0]), _address(room[1]), columns, folds[most:], *options)):
        return None
    present = np.flatnonzero(sizes)
    return np.asarray(sums[present] / sizes[present])


def _address(flags: Bools) -> int:
    # several times faster than .ctypes.data
    return int(flags.__array_interface__["data"][0])
