"""Random numbers that depend on nothing but the run's seed, what they are for, and when.

No generator lives on from one step to the next, so a run that starts again at any step draws what it would have drawn. The price is a hash
for each draw, some microseconds.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def entropy(seed: int, purpose: str, *numbers: int) -> int:
    """Return 128 bits that stand for this draw: other seeds, purposes or numbers give others.

    >>> entropy(0, "shuffle", 1, 2) == entropy(0, "shuffle", 1, 2), entropy(0, "shuffle", 12) == entropy(0, "shuffle", 1, 2)
    (True, False)
    """
    text = "\n".join([str(int(seed)), purpose.encode().hex(), *(str(int(number)) for number in numbers)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16, person=b"stackyard draw").digest(), "little")


def generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """Return numpy's generator for this draw."""
    return np.random.Generator(np.random.PCG64(entropy(seed, purpose, *numbers)))


def torch_generator(seed: int, purpose: str, *numbers: int, device: str = "cpu") -> torch.Generator:
    """Return torch's generator for this draw, on a device."""
    import torch  # noqa: PLC0415 - heavy: processes that decode images draw nothing, and do without

    return torch.Generator(device=device).manual_seed(entropy(seed, purpose, *numbers) >> 65)


def seed_step(seed: int, step: int, *numbers: int) -> None:
    """Set torch's own generators, on which dropout draws, for one step."""
    import torch  # noqa: PLC0415 - heavy: as above

    torch.manual_seed(entropy(seed, "step", step, *numbers) >> 65)


def order(count: int, seed: int, purpose: str, *numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the numbers 0 to count - 1 shuffled, int64 (count,).

    >>> sorted(order(4, 0, "epoch", 3).tolist())
    [0, 1, 2, 3]
    """
    return generator(seed, purpose, *numbers).permutation(count).astype(np.int64, copy=False)
