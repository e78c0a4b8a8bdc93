"""Bytes on their way to the server: named by SHA-256, sent once, gone on with where a broken connection left them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx
from stackyard.contract.digests import sha256_bytes
from stackyard.errors import DigestMismatch, StackyardError, WrongOffset

from members.faults import decode_json, error_of, unreachable
from members.progress import OnStep, Step, ignore_steps
from members.wire import PASSING_STATUSES, PATIENT_PAUSES, PIECE_BYTES, Wire, path_to

CHUNK_BYTES = 8 << 20
"""What a broken connection costs at most; the server takes chunks of up to 64 MiB."""


@dataclass(frozen=True)
class Parcel:
    """A file or bytes to send."""

    name: str
    digest: str
    size: int
    open: Callable[[], BinaryIO]

    @classmethod
    def from_path(cls, path: Path, progress: OnStep = ignore_steps) -> Parcel:
        """Return a file as a parcel; it is read in pieces, now for its digest and again when it is sent."""
        size, done, digest = path.stat().st_size, 0, hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                done += len(piece)
                progress(Step(f"reading {path.name}", done, size, "bytes"))
        return cls(path.name, digest.hexdigest(), done, lambda: path.open("rb"))

    @classmethod
    def from_bytes(cls, name: str, content: bytes) -> Parcel:
        """Return bytes as a parcel; the name's ending says their format."""
        return cls(name, sha256_bytes(content), len(content), lambda: io.BytesIO(content))

    def pieces(self, start: int, stop: int, progress: OnStep) -> Iterator[bytes]:
        """Yield bytes start to stop; raise DigestMismatch where the file has become shorter since its digest was taken."""
        with self.open() as file:
            file.seek(start)
            while start < stop:
                piece = file.read(min(PIECE_BYTES, stop - start))
                if not piece:
                    raise DigestMismatch(f"expected {self.size} bytes in {self.name}, got {start}: the file changed while it was sent")
                yield piece
                start += len(piece)
                progress(Step(f"sending {self.name}", start, self.size, "bytes"))


class _Setback(Exception):
    """An attempt that failed in a way that may pass; carries the error for when it does not."""

    def __init__(self, error: StackyardError, offset: int | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.offset = offset


def send_parcel(wire: Wire, parcel: Parcel, progress: OnStep = ignore_steps, chunk_bytes: int = CHUNK_BYTES) -> str:
    """Send a parcel, unless the server holds it already; return its digest.

    A broken connection and an answer 502, 503 or 504 are met by waiting, asking how far the server got, and going on from there; each chunk
    that arrives gives a full set of attempts again.
    Raises ServerUnreachable once the attempts are used up, else the server's named error.
    """
    offset: int | None = None
    pauses = iter(PATIENT_PAUSES)
    while True:
        try:
            if offset is None:
                offset = _ask_offset(wire, parcel)
            sent = parcel.size if offset is None else _send_chunk(wire, parcel, offset, chunk_bytes, progress)
        except _Setback as setback:
            pause = next(pauses, None)
            if pause is None:
                raise setback.error from setback
            offset = setback.offset
            wire.sleep(pause)
            continue
        if sent is None or offset is None:
            progress(Step(f"sending {parcel.name}", parcel.size, parcel.size, "bytes"))
            return parcel.digest
        offset, pauses = sent, iter(PATIENT_PAUSES)


def _ask_offset(wire: Wire, parcel: Parcel) -> int | None:
    """Return how many bytes the server holds of a parcel; None where it holds the whole."""
    answer = _attempt(wire, "HEAD", parcel)
    if answer.status_code == httpx.codes.OK:
        return None
    # any other refusal has no body to say why; the PUT that follows will
    held = answer.headers.get("Upload-Offset", "0")
    return int(held) if held.isdigit() and int(held) < parcel.size else 0


def _send_chunk(wire: Wire, parcel: Parcel, offset: int, chunk_bytes: int, progress: OnStep) -> int | None:
    """Send one chunk; return the offset of the next, or None where the server has the whole now."""
    stop = min(offset + chunk_bytes, parcel.size)
    headers = {"Content-Length": str(stop - offset), "Content-Type": "application/octet-stream"}
    if stop - offset < parcel.size:
        headers["Content-Range"] = f"bytes {offset}-{stop - 1}/{parcel.size}"
    answer = _attempt(wire, "PUT", parcel, parcel.pieces(offset, stop, progress), headers)
    if answer.status_code == httpx.codes.ACCEPTED:
        return _next_offset(parcel, offset, decode_json(answer).get("offset"))
    if answer.is_success:
        return None
    error = error_of(answer)
    if isinstance(error, WrongOffset):
        held = error.rows[0].get("offset") if error.rows else None
        raise _Setback(error, held if isinstance(held, int) and 0 <= held < parcel.size else None)
    raise error


def _next_offset(parcel: Parcel, offset: int, held: object) -> int:
    if isinstance(held, int) and offset < held < parcel.size:
        return held
    raise _Setback(WrongOffset(f"expected the server to hold more than {offset} of {parcel.size} bytes of {parcel.name}, got {held}"))


def _attempt(
    wire: Wire, method: str, parcel: Parcel, content: Iterator[bytes] | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    try:
        answer = wire.try_once(method, path_to("blobs", parcel.digest), content, headers)
    except httpx.RequestError as error:
        raise _Setback(unreachable(wire.url, error, maybe_done=False)) from error
    if answer.status_code in PASSING_STATUSES:
        raise _Setback(error_of(answer))
    return answer
