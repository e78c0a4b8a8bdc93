"""Bytes of a file, expanded by counting: a small file that would become a huge one stops at the limit, not at the end of memory."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from pathlib import Path
from typing import Protocol

from stackyard.errors import LimitExceeded, UnreadableFile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE_BYTES = 1 << 20
# A zstd frame names the window it needs, up to gigabytes; 128 MiB is what the zstd command itself accepts.
ZSTD_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 27}


class Stream(Protocol):
    """Whatever yields bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most size bytes; none at the end."""


def read_bytes(path: str | Path, max_bytes: int) -> bytes:
    """Return a file's bytes; raise UnreadableFile where there is no such file, LimitExceeded where it is longer than max_bytes."""
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes:
                raise LimitExceeded(f"expected a file of at most {max_bytes} bytes, got {size}")
            return file.read()
    except OSError as error:
        raise UnreadableFile(f"expected a readable file, got {error.strerror or error} for {Path(path).name}") from error


def read_counted(stream: Stream, max_bytes: int) -> bytes:
    """Return all that a stream yields; raise LimitExceeded as soon as it is more than max_bytes.

    >>> read_counted(io.BytesIO(b"abc"), 3)
    b'abc'
    """
    whole = io.BytesIO()
    while piece := stream.read(min(PIECE_BYTES, max_bytes + 1 - whole.tell())):
        whole.write(piece)
        if whole.tell() > max_bytes:
            raise LimitExceeded(f"expected a file of at most {max_bytes} bytes once expanded, got more")
    return whole.getvalue()


def expand_gzip(data: bytes, max_bytes: int) -> bytes:
    """Return what gzip data hold (several members follow each other); raise UnreadableFile where they are damaged."""
    try:
        return read_counted(gzip.GzipFile(fileobj=io.BytesIO(data)), max_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"expected gzip data, got damaged ones: {error}") from error


def expand_zstd(data: bytes, max_bytes: int) -> bytes:
    """Return what zstd data hold (several frames follow each other); raise UnreadableFile where they are damaged."""
    try:
        return read_counted(zstd.ZstdFile(io.BytesIO(data), options=ZSTD_OPTIONS), max_bytes)
    except (OSError, EOFError, zstd.ZstdError) as error:
        raise UnreadableFile(f"expected zstd data, got damaged ones: {error}") from error
