"""What level-2 models learn from: several predictions' arrays as one, and the competition's own features.

Arrays are in memory while they are small, else in an unnamed file that is memory-mapped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from django.conf import settings

from stackyard.numerics.restacking import Features
from stackyard.storage.queries import load_array

Arrays = npt.NDArray[np.float32]

BYTES_IN_MEMORY = 512 * 2**20
"""48 models at Planet's size are 0.13 GB out of fold; 500 are 1.4 GB, and 2.1 GB of test rows."""


def stack_arrays(digests: Sequence[str]) -> Arrays:
    """Return stored arrays of one shape below one another, (models, ...). The file's room is given back with the array.

    The file lies where blobs do, on a disk that is large enough for them; /tmp may be memory.
    """
    first = load_array(digests[0])
    shape = (len(digests), *first.shape)
    if len(digests) * first.nbytes <= BYTES_IN_MEMORY:
        stacked = np.empty(shape, first.dtype)
    else:
        with tempfile.TemporaryFile(dir=settings.HOME) as file:
            stacked = np.memmap(file, first.dtype, "w+", shape=shape)  # keeps its own hold on the file
    for row, digest in zip(stacked, digests, strict=True):
        row[...] = load_array(digest)
    return stacked


def load_features(digest: str | None, train_rows: int) -> Features | None:
    """Return stored features, train rows first and then test rows; None for a model that looks at predictions alone."""
    if not digest:
        return None
    values = load_array(digest)
    return Features(values[:train_rows], values[train_rows:])
