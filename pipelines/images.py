"""Where images come from: a folder of files, a Parquet file of encoded images, or an .npz of arrays; each id has one image."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.arrays import read_arrays, texts
from pipelines.data_spec import ImagesSpec
from pipelines.errors import DataInvalid, ImageMissing
from pipelines.parquet import polars, read_parquet
from pipelines.tables import read_columns, shown

Item = bytes | str | npt.NDArray[Any]
"""An encoded image, the path of one, or pixels (height, width[, channels]) or (channels, height, width)."""
IDS, PICTURES, ENDS = ("id", "ids"), ("image", "images"), "ends"
"""Usual names of arrays."""
BLOCK = 2048
"""Rows of Parquet that are read at a time."""
READERS = 8
"""Threads that read files while they are hashed; waiting for a disk takes no core."""
FILES_A_TASK = 100
"""Handing over a small file costs more than hashing it."""


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


class FolderSource(Source):
    """One file an id; `*` in the pattern stands for folders such as a class's."""

    def __init__(self, folder: Path, pattern: str) -> None:
        """Keep the pattern; where it has a `*`, find all files once."""
        if "{id}" not in pattern:
            raise DataInvalid(f"expected {{id}} in the pattern of image files, or a file .parquet or .npz, got {pattern!r}")
        self.path = folder / pattern
        self._folder, self._pattern = folder, pattern
        self._found = self._walk() if "*" in pattern else None

    def _walk(self) -> dict[str, Path]:
        parts = re.split(r"(\{id\}|\*)", self._pattern)
        regex = re.compile("".join({"*": "[^/]*", "{id}": "(?P<id>[^/]+)"}.get(part, re.escape(part)) for part in parts))
        found: dict[str, Path] = {}
        for path in sorted(self._folder.glob(self._pattern.replace("{id}", "*"))):
            match = regex.fullmatch(path.relative_to(self._folder).as_posix())
            if match and found.setdefault(match["id"], path) != path:
                raise DataInvalid(f"expected one image an id, got {found[match['id']]} and {path}")
        return found

    def _path(self, name: str) -> Path:
        if self._found is None:
            return self._folder / self._pattern.replace("{id}", name)
        return self._found.get(name, self.path)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Look whether each file is there."""
        return {name for name in ids if self._path(name).is_file()}

    def files(self, ids: Sequence[str]) -> list[Path]:
        """One an id."""
        return [self._path(name) for name in ids]

    def chunks(self, ids: Sequence[str], count: int) -> Iterator[list[Item]]:
        """Yield paths: whoever decodes also reads."""
        for start in range(0, len(ids), count):
            yield [str(self._path(name)) for name in ids[start : start + count]]

    def place(self, name: str) -> str:
        """The file."""
        return str(self._path(name))


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


def open_source(folder: Path, name: str, spec: ImagesSpec) -> Source:
    """Return the source that data.toml names: a file by its ending, else a pattern; raise DataInvalid."""
    make = next((made for ending, made in FILES.items() if name.endswith(ending)), None)
    if make is None or "{id}" in name:
        return FolderSource(folder, name)
    if not (folder / name).is_file():
        raise DataInvalid(f"expected a file of images at {folder / name}, got none")
    return make(folder / name, spec)


def content_digest(files: Sequence[Path]) -> str:
    """Return the SHA-256 of the files' own digests, in their order."""
    parts = [files[start : start + FILES_A_TASK] for start in range(0, len(files), FILES_A_TASK)]
    with ThreadPoolExecutor(READERS) as pool:
        return hashlib.sha256(b"".join(pool.map(_file_digests, parts))).hexdigest()


def _file_digests(files: Sequence[Path]) -> bytes:
    return b"".join(map(_file_digest, files))


def _file_digest(path: Path) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise ImageMissing(f"expected a readable file at {path}, got: {error}") from error


FILES: dict[str, Callable[[Path, ImagesSpec], Source]] = {".parquet": ParquetSource, ".npz": ArraySource}
"""Ending -> what reads it."""
