"""Arrays of an .npz file, never unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import PipelineError


def read_arrays(path: Path, invalid: type[PipelineError], names: Sequence[str] = ()) -> dict[str, npt.NDArray[Any]]:
    """Return the named arrays that are there (none named: all); raise `invalid` where the file cannot be read."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if not names or name in names}
    except Exception as error:  # on damaged bytes numpy, zipfile and zlib raise anything, up to a header's syntax errors
        raise invalid(f"expected an .npz file of plain arrays at {path}, got: {error or type(error).__name__}") from error


def texts(array: npt.NDArray[Any]) -> list[str]:
    """Return ids or labels of an array as text; bytes as UTF-8, with a mark for those that are none.

    >>> texts(np.array([b"a", b"b"])), texts(np.array([1, 2]))
    (['a', 'b'], ['1', '2'])
    """
    return [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in array.tolist()]
