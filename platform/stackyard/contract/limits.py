"""How much of a file is read at most: hostile files must end in an error, not in the end of memory."""

from __future__ import annotations

from dataclasses import dataclass

from stackyard.errors import LimitExceeded

MAX_BYTES = 1 << 30
MAX_CELLS = 100_000_000


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
