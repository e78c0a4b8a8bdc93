"""What is stored, and the way to it."""

import json
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from stackyard.errors import BlobDamaged, BlobUnknown
from stackyard.storage.blobs import open_blobs
from stackyard.storage.digests import check_digest
from stackyard.storage.models import Blob


def find(team_id: int, digest: str) -> Blob | None:
    """Return the team's row, where it has one and the bytes are there too (so that lost bytes can be sent again)."""
    blob = Blob.objects.filter(team_id=team_id, digest=check_digest(digest)).first()
    return blob if blob and open_blobs().has(digest) else None


def holds(team_id: int, digest: str) -> bool:
    """Whether the team has sent (or the server made for it) these bytes."""
    return find(team_id, digest) is not None


def require(team_id: int, digest: str) -> Blob:
    """Return the team's row; raise BlobUnknown where it has none."""
    blob = find(team_id, digest)
    if blob is None:
        raise BlobUnknown(f"expected a blob that your team has uploaded, got {digest}", [{"digest": digest}])
    return blob


def path_of(digest: str) -> Path:
    """Return a local file with the bytes, to be read or memory-mapped; raise BlobDamaged where they are gone.

    Knows no team: callers come with digests from rows of their own, or after `require`.
    """
    return open_blobs().path(check_digest(digest))


def open_blob(digest: str) -> BinaryIO:
    """Open the bytes for reading."""
    return path_of(digest).open("rb")


def load_array(digest: str, mmap: bool = True) -> np.ndarray:
    """Return an array that the server stored; memory-mapped and read-only by default. Pickled objects are refused."""
    return np.load(path_of(digest), mmap_mode="r" if mmap else None, allow_pickle=False)


def load_json(digest: str) -> Any:
    """Return a JSON document that the server stored."""
    return json.loads(path_of(digest).read_bytes())


def verify(digest: str) -> None:
    """Read the bytes again; raise BlobDamaged where they are gone or are not those that the digest names."""
    found = open_blobs().reread(check_digest(digest))
    if found != digest:
        raise BlobDamaged(f"expected the bytes of blob {digest}, got bytes with SHA-256 {found}")
