"""Bytes come in: whole, in chunks, or made by the server. A row is written only once the file is whole and on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

import numpy as np
from django.conf import settings

from stackyard.errors import DigestMismatch, TooLarge, WrongOffset
from stackyard.storage.blobs import open_blobs
from stackyard.storage.digests import PIECE_BYTES, check_digest, digest_of_file
from stackyard.storage.models import Blob
from stackyard.storage.partials import drop_partial, drop_stale_partial, hold_partial, place_of_partial
from stackyard.storage.queries import holds

PARTIAL_IS_ABANDONED_AFTER = timedelta(days=1)
NEW_FILE = "blob-"


@dataclass(frozen=True)
class Receipt:
    """How much of a blob has come: `offset` bytes; `whole` once it is stored."""

    offset: int
    whole: bool


class CountingWriter:
    """A file to write to that hashes and counts on the way, so that nothing is read twice."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.stream = stream
        self.limit = limit
        self.hasher = sha256()
        self.size = 0

    def write(self, piece: bytes) -> int:
        """Write, unless more bytes come than may."""
        self.size += len(piece)
        if self.size > self.limit:
            raise TooLarge(f"expected at most {self.limit} bytes, got more")
        self.hasher.update(piece)
        return self.stream.write(piece)

    def drain(self, source: BinaryIO) -> None:
        """Write all that a stream still gives, a piece at a time."""
        while piece := source.read(PIECE_BYTES):
            self.write(piece)

    def finish(self) -> str:
        """Hand everything to the system; return the digest."""
        self.stream.flush()
        return self.hasher.hexdigest()


def store_stream(team_id: int, source: BinaryIO, limit: int | None = None) -> str:
    """Store all that a stream gives; return its digest. Raises TooLarge beyond the limit (BLOB_LIMIT_BYTES)."""
    with _new_file(limit) as (writer, path):
        writer.drain(source)
        return _keep(team_id, path, writer.finish(), writer.size)


def store_bytes(team_id: int, data: bytes) -> str:
    """Store bytes; return their digest."""
    return store_stream(team_id, BytesIO(data))


def store_array(team_id: int, array: np.ndarray) -> str:
    """Store an array as .npy in C order; return its digest. Equal arrays of equal type have equal digests.

    Raises ValueError (numpy's) for arrays of Python objects, which could only be pickled.
    """
    with _new_file() as (writer, path):
        np.lib.format.write_array(writer, np.asarray(array, order="C"), allow_pickle=False)
        return _keep(team_id, path, writer.finish(), writer.size)


def store_file(team_id: int, path: Path) -> str:
    """Store a file of the server's own by moving it, so `path` is gone afterwards; return its digest.

    path: on the same disk as STACKYARD_HOME (its tmp folder, for one).
    """
    return _keep(team_id, path, digest_of_file(path), path.stat().st_size)


def receive_whole(team_id: int, digest: str, source: BinaryIO) -> Receipt:
    """Store a blob that comes in one piece; raise DigestMismatch where the bytes are others than named, TooLarge where too many."""
    check_digest(digest)
    with _new_file() as (writer, path):
        writer.drain(source)
        _refuse_other(digest, writer.finish())
        _keep(team_id, path, digest, writer.size)
    drop_partial(place_of_partial(team_id, digest))
    return Receipt(writer.size, whole=True)


def receive_chunk(team_id: int, digest: str, source: BinaryIO, offset: int, total: int) -> Receipt:
    """Append a chunk of a blob of `total` bytes at byte `offset`; store the blob when the last byte has come.

    Several clients may send the same blob at once: one chunk is written at a time, and who comes late is told where to go on.
    Raises WrongOffset (rows: the offset held), TooLarge, and DigestMismatch, which also drops what had come.
    """
    if total > settings.BLOB_LIMIT_BYTES:
        raise TooLarge(f"expected at most {settings.BLOB_LIMIT_BYTES} bytes, got a blob of {total}")
    place = place_of_partial(team_id, check_digest(digest))
    with hold_partial(place) as growing:
        held = growing.tell()
        if held != offset:
            return _answer_latecomer(team_id, digest, place, held, offset, total)
        _append(growing, source, min(settings.BLOB_CHUNK_LIMIT_BYTES, total - offset))
        if growing.tell() < total:
            return Receipt(growing.tell(), whole=False)
        return _finish(team_id, digest, place, total)


def reap_partials(now: datetime, age: timedelta = PARTIAL_IS_ABANDONED_AFTER) -> int:
    """Delete half-sent blobs that nobody has continued for a day, and files that a killed process left; return how many."""
    before = (now - age).timestamp()
    places = [*(settings.HOME / "partial").glob("*/*"), *settings.TEMPORARY.glob(f"{NEW_FILE}*")]
    return sum(drop_stale_partial(place, before) for place in places)


def _append(growing: BinaryIO, source: BinaryIO, limit: int) -> None:
    """Write a chunk; on too many bytes take back what was written, so that the offset told before still holds."""
    held = growing.tell()
    try:
        CountingWriter(growing, limit).drain(source)
        growing.flush()
    except TooLarge:
        growing.truncate(held)
        raise


def _finish(team_id: int, digest: str, place: Path, total: int) -> Receipt:
    try:
        _refuse_other(digest, digest_of_file(place))
    except DigestMismatch:
        place.unlink()
        raise
    _keep(team_id, place, digest, total)
    return Receipt(total, whole=True)


def _answer_latecomer(team_id: int, digest: str, place: Path, held: int, offset: int, total: int) -> Receipt:
    if held == 0:
        # Nothing was there: this file was made by asking.
        place.unlink()
    if holds(team_id, digest):
        return Receipt(total, whole=True)
    raise WrongOffset(f"expected the upload to go on at byte {held}, got {offset}", [{"offset": held}])


def _refuse_other(digest: str, found: str) -> None:
    if found != digest:
        raise DigestMismatch(f"expected bytes with SHA-256 {digest}, got {found}", [{"digest": found}])


@contextmanager
def _new_file(limit: int | None = None) -> Iterator[tuple[CountingWriter, Path]]:
    """Give a file that vanishes unless it was moved away."""
    settings.TEMPORARY.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=settings.TEMPORARY, prefix=NEW_FILE, delete=False) as stream:
        path = Path(stream.name)
        try:
            yield CountingWriter(stream, settings.BLOB_LIMIT_BYTES if limit is None else limit), path
        finally:
            path.unlink(missing_ok=True)


def _keep(team_id: int, path: Path, digest: str, size: int) -> str:
    """Move a whole file into storage, then write the team's row."""
    open_blobs().put(path, digest)
    Blob.objects.get_or_create(team_id=team_id, digest=digest, defaults={"size": size})
    return digest
