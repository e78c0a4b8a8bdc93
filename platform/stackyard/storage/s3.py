"""Blobs in a bucket of anything that speaks S3, with a copy on the local disk of what was read (so that it can be memory-mapped)."""

import os
from collections.abc import Iterator
from functools import cache as once
from pathlib import Path
from tempfile import mkstemp
from typing import Any
from urllib.parse import urlsplit

from stackyard.errors import BlobDamaged, ServiceUnavailable
from stackyard.storage.digests import digest_of_file


@once
def connect() -> Any:
    """Return boto3's client; address and keys come from the usual environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ...)."""
    # An optional extra, and half a second of import: only servers that use a bucket pay for it.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # Others than Amazon do not know the newer trailing checksums; the digest in the name checks more than they would.
    return boto3.client("s3", config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"))


class S3Blobs:
    """One object a blob. The cache folder may be emptied at any time."""

    def __init__(self, client: Any, bucket: str, prefix: str, cache: Path) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = prefix
        self.cache = cache

    @classmethod
    def from_url(cls, url: str, cache: Path) -> "S3Blobs":
        """Read `s3://bucket/prefix`."""
        parts = urlsplit(url)
        prefix = parts.path.strip("/")
        return cls(connect(), parts.netloc, f"{prefix}/" if prefix else "", cache)

    def has(self, digest: str) -> bool:
        """Whether the bucket has the object."""
        try:
            self.client.head_object(Bucket=self.bucket, Key=self._key(digest))
        except self.client.exceptions.ClientError as refused:
            self._raise_unless_missing(refused)
            return False
        return True

    def put(self, source: Path, digest: str) -> None:
        """Send the file, then keep it as the local copy."""
        if not self.has(digest):
            self.client.upload_file(str(source), self.bucket, self._key(digest))
        self._keep(source, digest)

    def path(self, digest: str) -> Path:
        """Return the local copy; fetch it first where there is none."""
        place = self.cache / digest[:2] / digest
        if not place.is_file():
            self._fetch(digest)
        return place

    def digests(self) -> Iterator[str]:
        """Yield the names of the objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return (entry["Key"].rsplit("/", 1)[-1] for page in pages for entry in page.get("Contents", []))

    def _fetch(self, digest: str) -> None:
        self.cache.mkdir(parents=True, exist_ok=True)
        handle, name = mkstemp(dir=self.cache)
        os.close(handle)
        copy = Path(name)
        try:
            self.client.download_file(self.bucket, self._key(digest), name)
            if digest_of_file(copy) != digest:
                raise BlobDamaged(f"expected the bytes of blob {digest}, got others from the bucket")
            self._keep(copy, digest)
        except self.client.exceptions.ClientError as refused:
            self._raise_unless_missing(refused)
            raise BlobDamaged(f"expected the bytes of blob {digest}, got no object in the bucket") from refused
        finally:
            copy.unlink(missing_ok=True)

    def _keep(self, source: Path, digest: str) -> None:
        place = self.cache / digest[:2] / digest
        place.parent.mkdir(parents=True, exist_ok=True)
        source.chmod(0o444)
        source.replace(place)

    def _key(self, digest: str) -> str:
        return f"{self.prefix}{digest[:2]}/{digest}"

    def _raise_unless_missing(self, refused: Any) -> None:
        if refused.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise ServiceUnavailable(f"expected an answer of the bucket {self.bucket}, got {refused}") from refused
