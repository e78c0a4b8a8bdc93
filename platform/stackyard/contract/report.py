"""What comes of judging a file: aligned values, or every independent reason why not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from stackyard.contract.contract import Rows
from stackyard.contract.digests import array_digest
from stackyard.errors import StackyardError

Float32s = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Aligned:
    """A file's values in the contract's row and column order."""

    values: Float32s
    """float32, C order: (n,) for one column, else (n, C)."""
    rows: Rows
    """Positions of these rows among the contract's train (or test) ids: all of them, or one fold's."""
    notes: tuple[str, ...] = ()
    """Sentences on what was done to the values, such as "renormalised 12 rows"."""

    @property
    def digest(self) -> str:
        """Digest of type, shape and values (digests.array_digest)."""
        return array_digest(self.values)


@dataclass(frozen=True, eq=False)
class Report:
    """Every independent error of a file, or its aligned values."""

    errors: list[StackyardError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aligned: Aligned | None = None

    @property
    def accepted(self) -> bool:
        """Whether the file keeps the contract."""
        return self.aligned is not None

    def require(self) -> Aligned:
        """Return the aligned values, or raise the first error."""
        if self.aligned is None:
            raise self.errors[0]
        return self.aligned
