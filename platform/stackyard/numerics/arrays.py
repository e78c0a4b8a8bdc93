"""The arrays that the room passes around, and the two things every function first makes sure of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stackyard.errors import ShapeMismatch

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]


def one_column_flat(values: Numbers) -> Numbers:
    """Return shape (n, 1) as (n,) and leave every other shape alone: both are one value a row.

    >>> one_column_flat(np.zeros((3, 1))).shape
    (3,)
    """
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def one_hot(classes: Ints, count: int) -> Bools:
    """Return class indices (n,) as bool (n, count).

    Raises ShapeMismatch where an index is not one of the count classes.

    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[False, True, False], [True, False, False]]
    """
    check_classes(classes, count)
    cells: Bools = classes[:, None] == np.arange(count)
    return cells


def check_classes(classes: Numbers, count: int) -> None:
    """Raise ShapeMismatch unless every entry is a class index, 0 to count - 1."""
    if not len(classes):
        return
    lowest, highest = classes.min(), classes.max()
    if classes.dtype.kind not in "biu" or lowest < 0 or highest >= count:
        raise ShapeMismatch(f"expected class indices 0 to {count - 1}, got {classes.dtype} from {lowest} to {highest}")
