"""Random numbers that belong to an image and a purpose, whatever else is in the batch."""

from __future__ import annotations

import hashlib
import math
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

# Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators: the step and the mixer of SplitMix64.
STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.array([30, 27, 31], np.uint64)
BITS = np.uint64(11)


class DrawnTwice(RuntimeError):
    """A purpose asked for its numbers a second time: two parts would move together. A fault of the code, so no PipelineError."""


def key_of(generator: np.random.Generator | torch.Generator) -> int:
    """Return 63 random bits: all that an augmentation takes from its generator, so a batch advances it by one draw."""
    if isinstance(generator, torch.Generator):
        return int(torch.randint(2**63 - 1, (1,), generator=generator, device=generator.device).item())
    return int(generator.integers(2**63))


class Chances:
    """Uniform numbers in [0, 1): a pure function of a key, an image's row and a purpose's name.

    So an image gets the same numbers in whatever order, batch or half of a batch it comes, and a part that is switched on
    changes no other part's numbers.

    >>> together = Chances(7, np.array([0, 1, 2])).of("turn")
    >>> alone = Chances(7, np.array([2])).of("turn")
    >>> bool(together[2] == alone[0])
    True
    """

    def __init__(self, key: int, rows: Ints) -> None:
        self.key, self.rows = key, rows
        self._states = _mixed(rows.astype(np.uint64) * STEP + np.uint64(_hashed(f"key {key}")))[:, None]
        self._asked: set[str] = set()

    def branch(self, name: str) -> Chances:
        """Return other chances for the same images, whose purposes have nothing to do with these."""
        return Chances(_hashed(f"branch {self.key} {name}"), self.rows)

    def of(self, purpose: str) -> Floats:
        """Return one number an image, shape (n,)."""
        return self.table(purpose, 1)[:, 0]

    def table(self, purpose: str, count: int) -> Floats:
        """Return `count` numbers an image, shape (n, count); raises DrawnTwice when the purpose has had its own."""
        if purpose in self._asked:
            raise DrawnTwice(f"expected every purpose to draw once a batch, but {purpose!r} drew before")
        self._asked.add(purpose)
        # 53 bits are all that a float64 between 0 and 1 can hold
        return (_mixed(self._states + _columns(purpose, count)) >> BITS).astype(np.float64) * 2.0**-53


@cache
def _columns(purpose: str, count: int) -> Words:
    return np.arange(count, dtype=np.uint64) * STEP + np.uint64(_hashed(f"purpose {purpose}"))


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mixed(states: Words) -> Words:
    """Return the states mixed; they are used up."""
    states ^= states >> SHIFTS[0]
    states *= FIRST
    states ^= states >> SHIFTS[1]
    states *= SECOND
    states ^= states >> SHIFTS[2]
    return states


def between(chances: Floats, low: float, high: float) -> Floats:
    """Return the chances spread evenly from low to high."""
    return low + chances * (high - low)


def around(chances: Floats, amount: float) -> Floats:
    """Return the chances spread evenly from -amount to amount."""
    return between(chances, -amount, amount)


def ratio_between(chances: Floats, low: float, high: float) -> Floats:
    """Return factors from low to high, spread evenly on a log scale: doubling is as likely as halving."""
    factors: Floats = np.exp(between(chances, math.log(low), math.log(high)))
    return factors
