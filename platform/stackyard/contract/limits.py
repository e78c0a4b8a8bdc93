"""How much of a file is read at most: hostile files must end in an error, not in the end of memory."""

from __future__ import annotations

from dataclasses import dataclass

from stackyard.errors import LimitExceeded

MAX_BYTES = 1 << 30
MAX_CELLS = 100_000_000
# A file with rows too many or columns unknown should still be read, to be told so.
SPARE_TIMES = 8
MOST_REPEATS = 64
LEAST_CELLS = 4_000_000
# A float64 takes at most 24 characters; ids are mostly short.
BYTES_A_CELL = 40


@dataclass(frozen=True)
class Limits:
    """The defaults hold 48 times a test file of 61,191 x 17 many times over, and fit in 2 GiB of memory."""

    max_bytes: int = MAX_BYTES
    """Of the file, and again of what it expands to."""
    max_cells: int = MAX_CELLS
    """Rows times columns."""

    def check_cells(self, rows: int, columns: int) -> None:
        """Raise LimitExceeded where rows times columns are more than allowed."""
        if rows * columns > self.max_cells:
            raise LimitExceeded(f"expected at most {self.max_cells} cells, got {rows} rows of {columns} columns")


def limits_for(rows: int, columns: int, repeats: str) -> Limits:
    """Return what a file of so many contract rows and class columns may take: many times what it needs, far less than a bomb.

    >>> limits_for(61_191, 17, "error").max_cells
    9301032
    """
    times = MOST_REPEATS if repeats == "mean" else SPARE_TIMES
    cells = min(MAX_CELLS, max(LEAST_CELLS, times * rows * (columns + 2)))
    return Limits(min(MAX_BYTES, BYTES_A_CELL * cells), cells)
