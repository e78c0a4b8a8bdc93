"""Files that hold many images: Parquet with encoded ones, .npz with arrays or with encoded ones end to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.arrays import read_arrays, texts
from pipelines.data_spec import ImagesSpec
from pipelines.errors import DataInvalid
from pipelines.image_source import Item, Source
from pipelines.parquet import polars, read_parquet
from pipelines.tables import read_columns

IDS, PICTURES, ENDS = ("id", "ids"), ("image", "images"), "ends"
"""Usual names of arrays."""
BLOCK = 2048
"""Rows of Parquet that are read at a time."""


class ParquetSource(Source):
    """A Parquet file with a column of ids and one of encoded images."""

    def __init__(self, path: Path, spec: ImagesSpec) -> None:
        """Read the ids."""
        self.path = path
        self._image = spec.image
        listed = read_columns(path, [spec.id])[spec.id]
        self._rows = _places(listed, path)
        schema = read_parquet(path, lambda frame: frame.collect_schema())
        if schema.get(spec.image) != polars().Binary:
            raise DataInvalid(f"expected a column {spec.image!r} of bytes in {path}, got {dict(schema)}")

    def known(self, ids: Sequence[str]) -> set[str]:
        """Look into the column of ids."""
        return set(ids) & self._rows.keys()

    def files(self, ids: Sequence[str]) -> list[Path]:
        """The one file."""
        del ids
        return [self.path]

    def chunks(self, ids: Sequence[str], count: int) -> Iterator[list[Item]]:
        """Yield bytes, reading some thousand rows of the file at a time; ids in the file's order cost the least."""
        block = max(count, BLOCK // count * count)
        for begin in range(0, len(ids), block):
            images = self._read(np.array([self._rows[name] for name in ids[begin : begin + block]], np.int64))
            for start in range(0, len(images), count):
                yield [image or b"" for image in images[start : start + count]]

    def reading_order(self, ids: Sequence[str]) -> list[int]:
        """Follow the file's rows."""
        return sorted(range(len(ids)), key=lambda place: self._rows[ids[place]])

    def _read(self, rows: npt.NDArray[np.int64]) -> list[bytes | None]:
        low, high = int(rows.min()), int(rows.max())
        column = read_parquet(self.path, lambda frame: frame.select(self._image).slice(low, high - low + 1).collect()[self._image])
        images: list[bytes | None] = column.gather(rows - low).to_list()
        return images


class ArraySource(Source):
    """An .npz file with an array of ids and one of images: (n, height, width), channels last or first; or encoded images, end to end.

    Encoded images are one array of bytes, (total,) uint8, with an array `ends` that says where each ends; `pack` writes them.
    """

    def __init__(self, path: Path, spec: ImagesSpec) -> None:
        """Read the arrays."""
        self.path = path
        arrays = read_arrays(path, DataInvalid, (spec.id, spec.image, *IDS, *PICTURES, ENDS))
        listed = _first(arrays, spec.id, IDS, path)
        self._images = _first(arrays, spec.image, PICTURES, path)
        self._ends = arrays[ENDS].tolist() if ENDS in arrays else None
        count = len(self._images) if self._ends is None else len(self._ends)
        if (self._images.ndim not in {3, 4} and self._ends is None) or count != len(listed):
            raise DataInvalid(f"expected {len(listed)} images in {path}, got an array of shape {self._images.shape}")
        self._rows = _places(texts(listed), path)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Look into the array of ids."""
        return set(ids) & self._rows.keys()

    def files(self, ids: Sequence[str]) -> list[Path]:
        """The one file."""
        del ids
        return [self.path]

    def chunks(self, ids: Sequence[str], count: int) -> Iterator[list[Item]]:
        """Yield arrays, or encoded images."""
        for start in range(0, len(ids), count):
            yield [self._item(self._rows[name]) for name in ids[start : start + count]]

    def _item(self, row: int) -> Item:
        if self._ends is None:
            return np.asarray(self._images[row])
        encoded: bytes = self._images[self._ends[row - 1] if row else 0 : self._ends[row]].tobytes()
        return encoded


def _first(arrays: dict[str, npt.NDArray[Any]], asked: str, usual: tuple[str, ...], path: Path) -> npt.NDArray[Any]:
    found = next((arrays[name] for name in (asked, *(usual if asked in usual else ())) if name in arrays), None)
    if found is None:
        raise DataInvalid(f"expected an array {asked!r} in {path}, got {', '.join(arrays) or 'none of that name'}")
    return found


def _places(listed: Sequence[str], path: Path) -> dict[str, int]:
    rows = {name: row for row, name in enumerate(listed)}
    if len(rows) != len(listed):
        again = next(name for row, name in enumerate(listed) if rows[name] != row)
        raise DataInvalid(f"expected each id once in {path}, got {again!r} again")
    return rows
