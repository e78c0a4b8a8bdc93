"""Where images come from, as data.toml says it: a folder of files, or a file of many."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.data_spec import ImagesSpec
from pipelines.errors import DataInvalid, ImageMissing
from pipelines.image_files import ArraySource, ParquetSource
from pipelines.image_source import Item, Source
from pipelines.stopping import ANEW, StopRequest

READERS = 8
"""Threads that read files while they are hashed; waiting for a disk takes no core."""
FILES_A_TASK = 100
"""Handing over a small file costs more than hashing it."""


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


def open_source(folder: Path, name: str, spec: ImagesSpec) -> Source:
    """Return the source that data.toml names: a file by its ending, else a pattern; raise DataInvalid."""
    make = next((made for ending, made in FILES.items() if name.endswith(ending)), None)
    if make is None or "{id}" in name:
        return FolderSource(folder, name)
    if not (folder / name).is_file():
        raise DataInvalid(f"expected a file of images at {folder / name}, got none")
    return make(folder / name, spec)


def content_digest(files: Sequence[Path], request: StopRequest | None = None) -> str:
    """Return the SHA-256 of the files' own digests, in their order. Raises ImageMissing, and Stopped between two files if somebody asks."""
    obey = (request or StopRequest()).obey
    parts = [files[start : start + FILES_A_TASK] for start in range(0, len(files), FILES_A_TASK)]

    def digests(part: Sequence[Path]) -> bytes:
        found = []
        for path in part:
            obey(ANEW)
            found.append(_file_digest(path))
        return b"".join(found)

    with ThreadPoolExecutor(READERS) as pool:
        return hashlib.sha256(b"".join(pool.map(digests, parts))).hexdigest()


def _file_digest(path: Path) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise ImageMissing(f"expected a readable file at {path}, got: {error}") from error


FILES: dict[str, Callable[[Path, ImagesSpec], Source]] = {".parquet": ParquetSource, ".npz": ArraySource}
"""Ending -> what reads it."""
