"""F-beta of many rows, averaged by fold in one pass: a row's flags are read eight at a time and counted by one instruction.

A flag is a byte of 0 or 1, so eight words of eight flags fit into one, each shifted by its place.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from stackyard.numerics.arrays import Bools, Floats, Ints

BYTES = 8
LABELS = 64
"""As many fit into one word."""
FOLDS = 256


def _define_count_bits(_typing: Any, _word: Any) -> Any:
    """Return how many bits of an unsigned 64-bit number are 1."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), build


def _define_read_word(_typing: Any, _address: Any) -> Any:
    """Return the eight bytes at an address, which need not be a multiple of eight, as one number."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = context.get_value_type(types.uint64).as_pointer()
        word = builder.load(builder.inttoptr(arguments[0], pointer))
        word.align = 1
        return word

    return types.uint64(types.intp), build


_count_bits: Any = intrinsic(_define_count_bits)
_read_word: Any = intrinsic(_define_read_word)


@numba.njit(nogil=True, inline="always")
def _read_flags(truth: int, chosen: int, labels: int, words: int) -> tuple[int, int]:
    """Return a row's flags of both, each in one word. Written out, since a loop over so few words costs more than they do.

    It takes addresses, since to hand on an array costs more than to read it. The last eight bytes begin with flags that an earlier
    word has had; memory order puts them into the lowest bits.
    """
    spare, shift = np.uint64(8 * (8 * (words + 1) - labels)), np.uint64(words)
    a = (_read_word(truth + labels - 8) >> spare) << shift
    b = (_read_word(chosen + labels - 8) >> spare) << shift
    if words > 0:
        a |= _read_word(truth)
        b |= _read_word(chosen)
    if words > 1:
        a |= _read_word(truth + 8) << np.uint64(1)
        b |= _read_word(chosen + 8) << np.uint64(1)
    if words > 2:
        a |= _read_word(truth + 16) << np.uint64(2)
        b |= _read_word(chosen + 16) << np.uint64(2)
    if words > 3:
        a |= _read_word(truth + 24) << np.uint64(3)
        b |= _read_word(chosen + 24) << np.uint64(3)
    if words > 4:
        a |= _read_word(truth + 32) << np.uint64(4)
        b |= _read_word(chosen + 32) << np.uint64(4)
    if words > 5:
        a |= _read_word(truth + 40) << np.uint64(5)
        b |= _read_word(chosen + 40) << np.uint64(5)
    if words > 6:
        a |= _read_word(truth + 48) << np.uint64(6)
        b |= _read_word(chosen + 48) << np.uint64(6)
    return a, b


@numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _sum_by_fold(truth: int, chosen: int, labels: int, folds: Ints, squared: float, empty: float, sums: Floats, sizes: Ints) -> bool:
    """Add each row's F-beta to its fold's sum; say whether all fold numbers were 0 to FOLDS - 1. An empty row scores `empty`.

    truth, chosen: addresses of bytes in C order, `labels` a row.
    """
    words = (labels - 1) // 8
    for i in range(len(folds)):
        true_flags, flags = _read_flags(truth + i * labels, chosen + i * labels, labels, words)
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
    columns = max(truth.shape[1], BYTES)
    # these names keep the bytes in memory while only their addresses are handed on
    true_bytes, chosen_bytes = _eight_or_more(truth), _eight_or_more(labels)
    addresses = true_bytes.ctypes.data, chosen_bytes.ctypes.data
    if not _sum_by_fold(*addresses, columns, folds, squared_beta, zero_division, sums, sizes):
        return None
    present = np.flatnonzero(sizes)
    return np.asarray(sums[present] / sizes[present])


def _eight_or_more(flags: Bools) -> Bools:
    """Return the flags with rows of fewer than eight filled up: words of eight are read."""
    missing = BYTES - flags.shape[1]
    return np.concatenate([flags, np.zeros((len(flags), missing), np.bool_)], axis=1) if missing > 0 else flags
