"""Images decoded once, kept as one array in a file named by what went into it, and mapped by every run that needs it.

The file is a plain .npy (n, channels, height, width). It is written under another name and renamed when whole, so a reader never meets half
of one, and two runs that begin at once can at worst do the work twice. A lock, where the disk has them, spares them even that.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import DataInvalid
from pipelines.filling import Tally, fill, find_shape
from pipelines.image_source import Source
from pipelines.images import content_digest
from pipelines.recipe import Data
from pipelines.stopping import ANEW, StopRequest

try:
    import fcntl
except ImportError:  # not on Windows: two runs may then decode the same images twice
    fcntl = None  # type: ignore[assignment]

FORM = "stackyard images 1"
LOOK_SECONDS = 0.1
"""Between two looks whether another run has decoded what this one waits for."""
CANNOT_RESERVE = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a disk answers that cannot set room aside (ZFS); it is then written without."""
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Images:
    """A store, mapped into memory."""

    array: npt.NDArray[Any]
    """uint8 or uint16, (n, channels, height, width); read-only, row i is the i-th id's."""
    digest: str
    """Names sources, ids and settings."""
    mean: Numbers
    """A channel, over all images; float64 (channels,)."""
    deviation: Numbers
    """As mean; never 0."""

    def __len__(self) -> int:
        """The number of images."""
        return len(self.array)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        channels, high, wide = self.array.shape[1:]
        return channels, high, wide

    def take(self, rows: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return a copy of these rows, in this order."""
        return np.asarray(self.array)[np.asarray(rows, np.int64)]


def store_folder() -> Path:
    """Return where stores lie unless a run says otherwise: STACKYARD_HOME/images."""
    return Path(os.environ.get("STACKYARD_HOME") or ".stackyard") / "images"


def open_images(
    source: Source,
    ids: Sequence[str],
    form: Data,
    folder: Path | None = None,
    processes: int | None = None,
    request: StopRequest | None = None,
) -> Images:
    """Return the images of these ids in this order, decoded now unless a run has done it before.

    processes: how many decode; None: one for few images, else one a core. request: to stop, obeyed between two chunks of images.
    Raises ImageMissing, ImageCorrupt (each file is named), DataInvalid (images of different sizes with data.size 0, no room on the disk),
    Stopped (nothing that is half a store is left).
    """
    source.require(ids)
    request = request or StopRequest()
    folder = folder or store_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        digest = store_digest(_content(source, ids, folder, request), ids, form)
        images = read_store(folder, digest)
        if images is None:
            with _locked(folder / f"{digest}.lock", request) as alone:
                if alone:
                    _clear(folder, digest)
                images = read_store(folder, digest) or _make(source, ids, form, folder, digest, processes, request)
    except OSError as error:
        raise DataInvalid(f"expected a folder for decoded images at {folder} (set STACKYARD_HOME), got: {error}") from error
    return images


def store_digest(content: str, ids: Sequence[str], form: Data) -> str:
    """Return the name of a store: of its form, the sources' content, the ids in their order, and what decoding depends on."""
    settings = [FORM, content, list(ids), form.size, form.channels, form.aspect, form.depth]
    return hashlib.sha256(json.dumps(settings, ensure_ascii=False).encode()).hexdigest()


def read_store(folder: Path, digest: str) -> Images | None:
    """Return a store that is whole, mapped into memory, or None."""
    try:
        array = np.load(folder / f"{digest}.npy", mmap_mode="r")
        said = json.loads((folder / f"{digest}.json").read_text())
        return Images(array, digest, np.array(said["mean"]), np.array(said["deviation"]))
    except (OSError, ValueError, KeyError):
        return None


def _content(source: Source, ids: Sequence[str], folder: Path, request: StopRequest) -> str:
    """Return the digest of the sources' bytes, remembered by their names, sizes and times, so that a start need not read them all again."""
    files = source.files(ids)
    listing = hashlib.sha256()
    for path in files:
        seen = path.stat()
        listing.update(f"{path.absolute()}\0{seen.st_size}\0{seen.st_mtime_ns}\n".encode())
    note = folder / "seen" / listing.hexdigest()
    if note.is_file():
        return note.read_text()
    digest = content_digest(files, request)
    note.parent.mkdir(exist_ok=True)
    _write(note, digest)
    return digest


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    part.write_text(text)
    part.replace(path)


@contextlib.contextmanager
def _locked(path: Path, request: StopRequest) -> Iterator[bool]:
    """Hold the lock of a store, and say whether it is held: where the disk knows no locks, a run goes on without."""
    with path.open("w") as file:
        try:
            while fcntl is not None and not _is_taken(file):
                request.obey(ANEW)
                time.sleep(LOOK_SECONDS)
        except OSError:
            yield False
        else:
            yield fcntl is not None


def _is_taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _clear(folder: Path, digest: str) -> None:
    """Remove what a run that was killed while it decoded has left."""
    for part in folder.glob(f"{digest}.*.part"):
        part.unlink(missing_ok=True)


def _make(source: Source, ids: Sequence[str], form: Data, folder: Path, digest: str, processes: int | None, request: StopRequest) -> Images:
    shape = (len(ids), *find_shape(source, ids, form))
    part = folder / f"{digest}.{os.getpid()}-{secrets.token_hex(4)}.part"
    try:
        _reserve(part, shape, form)
        tally = fill(part, source, ids, form, processes, request)
        _finish(part, folder / f"{digest}.npy", tally, source, shape)
    finally:
        part.unlink(missing_ok=True)
    images = read_store(folder, digest)
    if images is None:
        raise DataInvalid(f"expected to read back {folder / digest}.npy, got something else")
    return images


def _reserve(part: Path, shape: tuple[int, ...], form: Data) -> None:
    """Make the file with all its room: a full disk is an error here, and not a crash while its map is written."""
    array = np.lib.format.open_memmap(part, mode="w+", dtype=np.dtype(form.depth).newbyteorder("="), shape=shape)
    del array
    if hasattr(os, "posix_fallocate"):
        with part.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, part.stat().st_size)
            except OSError as error:
                if error.errno not in CANNOT_RESERVE:
                    raise


def _finish(part: Path, path: Path, tally: Tally, source: Source, shape: tuple[int, ...]) -> None:
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    said = {"form": FORM, "source": str(source.path), "shape": shape, "mean": tally.mean, "deviation": tally.deviation}
    _write(path.with_suffix(".json"), json.dumps(said))
    part.replace(path)
