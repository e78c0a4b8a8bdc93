"""The next step's images, read while the device is at work on this one's: for stores that do not fit into its memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from torch import Tensor

Rows = npt.NDArray[np.int64]


class Ahead:
    """Rows by their numbers, where possible from a thread that was told before which ones come next.

    What is read depends on the rows alone, so that a wrong guess costs time and changes nothing. numpy lets other threads run while it
    copies, also while it waits for the disk.
    """

    def __init__(self, read: Callable[[Rows], Tensor]) -> None:
        """Read by this function, which another thread may call."""
        self._read = read
        self._thread = ThreadPoolExecutor(1, "images ahead")
        self._expected: tuple[Rows, Future[Tensor]] | None = None

    def expect(self, rows: Rows) -> None:
        """Begin to read the rows (n,) that will be taken next; what was expected before is forgotten."""
        self._expected = rows, self._thread.submit(self._read, rows)

    def take(self, rows: Rows) -> Tensor:
        """Return images (n, c, h, w) on the CPU: those that were expected, once they are there, else read now."""
        if self._expected is None or not np.array_equal(self._expected[0], rows):
            return self._read(rows)
        (_, found), self._expected = self._expected, None
        return found.result()
