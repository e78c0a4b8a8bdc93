"""Where the bytes are: one small protocol, served by a disk or by anything that speaks S3."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from django.conf import settings

from stackyard.errors import BlobDamaged
from stackyard.storage.digests import digest_of_file
from stackyard.storage.s3 import S3Blobs


class Blobs(Protocol):
    """Bytes by their SHA-256; what is in is never changed."""

    def has(self, digest: str) -> bool:
        """Whether the bytes are here."""

    def put(self, source: Path, digest: str) -> None:
        """Take a file that is whole and on disk; when this returns the bytes survive a power cut, and `source` is gone."""

    def path(self, digest: str) -> Path:
        """Return a local file that may be read and memory-mapped, never written; raise BlobDamaged where the bytes are gone."""

    def reread(self, digest: str) -> str:
        """Return the SHA-256 that the stored bytes have now; raise BlobDamaged where they are gone."""

    def digests(self) -> Iterator[str]:
        """Yield the name of everything that is here."""


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class DiskBlobs:
    """One file a blob, in 256 folders by the first two digits."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def has(self, digest: str) -> bool:
        """Whether the bytes are here."""
        return self._place(digest).is_file()

    def put(self, source: Path, digest: str) -> None:
        """Rename the file into place; a file that is there already stays."""
        place = self._place(digest)
        if place.is_file():
            source.unlink()
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as handle:
            os.fsync(handle.fileno())
        source.chmod(0o444)
        # Two who get here at once bring the same bytes, and who maps the first file keeps it.
        source.replace(place)
        sync_folder(place.parent)

    def path(self, digest: str) -> Path:
        """Return the file itself."""
        place = self._place(digest)
        if not place.is_file():
            raise BlobDamaged(f"expected the bytes of blob {digest}, got no file")
        return place

    def reread(self, digest: str) -> str:
        """Return the SHA-256 of the file as it is."""
        return digest_of_file(self.path(digest))

    def digests(self) -> Iterator[str]:
        """Yield the names of the files."""
        return (place.name for place in sorted(self.root.glob("[0-9a-f][0-9a-f]/*")))

    def _place(self, digest: str) -> Path:
        return self.root / digest[:2] / digest


def open_blobs() -> Blobs:
    """Return the storage that the settings name: `s3://bucket/prefix`, or the disk."""
    if settings.BLOBS:
        return S3Blobs.from_url(settings.BLOBS, cache=settings.HOME / "cache")
    return DiskBlobs(settings.HOME / "blobs")
