"""Blobs in a bucket of anything that speaks S3, with a copy on the local disk of what was read (so that it can be memory-mapped)."""

import os
from collections.abc import Callable, Iterator
from functools import cache as once
from pathlib import Path
from tempfile import mkstemp
from typing import Any
from urllib.parse import urlsplit

from stackyard.errors import BlobDamaged, ServiceUnavailable
from stackyard.storage.digests import digest_of_file, digest_of_stream


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
        return self._found(lambda: self.client.head_object(Bucket=self.bucket, Key=self._key(digest)))

    def put(self, source: Path, digest: str) -> None:
        """Send the file, then keep it as the local copy."""
        if not self.has(digest) and not self._found(lambda: self.client.upload_file(str(source), self.bucket, self._key(digest))):
            raise ServiceUnavailable(f"expected a bucket {self.bucket}, got none")
        self._keep(source, digest)

    def path(self, digest: str) -> Path:
        """Return the local copy; fetch it first where there is none."""
        place = self._place(digest)
        if not place.is_file():
            self._fetch(digest)
        return place

    def reread(self, digest: str) -> str:
        """Return the SHA-256 of what the bucket, not the local copy, holds."""
        answers: list[Any] = []
        if not self._found(lambda: answers.append(self.client.get_object(Bucket=self.bucket, Key=self._key(digest)))):
            raise BlobDamaged(f"expected the bytes of blob {digest}, got no object in the bucket")
        with answers[0]["Body"] as body:
            return digest_of_stream(body)

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
            if not self._found(lambda: self.client.download_file(self.bucket, self._key(digest), name)):
                raise BlobDamaged(f"expected the bytes of blob {digest}, got no object in the bucket")
            if digest_of_file(copy) != digest:
                raise BlobDamaged(f"expected the bytes of blob {digest}, got others from the bucket")
            self._keep(copy, digest)
        finally:
            copy.unlink(missing_ok=True)

    def _keep(self, source: Path, digest: str) -> None:
        place = self._place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        source.chmod(0o444)
        source.replace(place)

    def _place(self, digest: str) -> Path:
        return self.cache / digest[:2] / digest

    def _key(self, digest: str) -> str:
        return f"{self.prefix}{digest[:2]}/{digest}"

    def _found(self, call: Callable[[], object]) -> bool:
        """Ask the bucket; return False where it has no such thing, raise ServiceUnavailable where it does not answer or refuses."""
        # Loaded with boto3, and as optional as that.
        from boto3.exceptions import Boto3Error  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            call()
        except ClientError as refused:
            if refused.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise ServiceUnavailable(f"expected bucket {self.bucket} to answer, got: {refused}") from refused
        except (BotoCoreError, Boto3Error) as silent:
            raise ServiceUnavailable(f"expected bucket {self.bucket} to answer, got: {silent}") from silent
        return True
