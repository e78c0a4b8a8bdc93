"""What images are read from, whatever it is: each id has one image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from pipelines.errors import ImageMissing
from pipelines.tables import shown

Item = bytes | str | npt.NDArray[Any]
"""An encoded image, the path of one, or pixels (height, width[, channels]) or (channels, height, width)."""


class Source(ABC):
    """Images by id."""

    path: Path

    @abstractmethod
    def known(self, ids: Sequence[str]) -> set[str]:
        """Return which of these ids have an image."""

    @abstractmethod
    def files(self, ids: Sequence[str]) -> list[Path]:
        """Return the files that hold these images."""

    @abstractmethod
    def chunks(self, ids: Sequence[str], count: int) -> Iterator[list[Item]]:
        """Yield the images of these ids in their order, `count` at a time."""

    def reading_order(self, ids: Sequence[str]) -> list[int]:
        """Return the places of the ids in the order in which their images are best read: as they are, unless a file has an order."""
        return list(range(len(ids)))

    def place(self, name: str) -> str:
        """Return where an id's image lies, for a sentence."""
        return f"{self.path}, id {name!r}"

    def require(self, ids: Sequence[str]) -> None:
        """Raise ImageMissing unless each id has an image."""
        known = self.known(ids)
        missing = [name for name in ids if name not in known]
        if missing:
            where = self.place(missing[0])
            raise ImageMissing(f"expected an image for each of {len(ids)} ids, got none for {shown(missing)} (looked for {where})")
