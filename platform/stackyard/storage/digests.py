"""SHA-256 as the name of bytes."""

import re
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from stackyard.errors import InvalidRequest

PIECE_BYTES = 1 << 20
DIGEST = re.compile(r"[0-9a-f]{64}")


def check_digest(text: str) -> str:
    """Return a digest that may be used in a path; raise InvalidRequest for anything else.

    >>> check_digest("../../etc/passwd")
    Traceback (most recent call last):
    stackyard.errors.InvalidRequest: expected a SHA-256 as 64 lowercase hexadecimal digits, got '../../etc/passwd'
    """
    if not DIGEST.fullmatch(text):
        raise InvalidRequest(f"expected a SHA-256 as 64 lowercase hexadecimal digits, got {text[:80]!r}")
    return text


def digest_of_stream(stream: BinaryIO) -> str:
    """Return the SHA-256 of what is left in a stream, read piece by piece."""
    hasher = sha256()
    while piece := stream.read(PIECE_BYTES):
        hasher.update(piece)
    return hasher.hexdigest()


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return digest_of_stream(stream)
