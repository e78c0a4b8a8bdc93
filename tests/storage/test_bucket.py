"""The same storage in a bucket."""

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from stackyard.errors import BlobDamaged, ServiceUnavailable
from stackyard.storage.queries import holds, load_array, path_of
from stackyard.storage.s3 import connect
from stackyard.storage.services import store_array, store_bytes

from tests.storage.bucket import serve_bucket

pytestmark = [pytest.mark.django_db, pytest.mark.once]
TEAM = 1


@pytest.fixture
def environment(monkeypatch, settings, home):
    pytest.importorskip("boto3")
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "DEFAULT_REGION": "us-east-1", "MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    settings.BLOBS = "s3://forest/blobs"
    yield monkeypatch
    connect.cache_clear()


@pytest.fixture
def bucket(environment):
    with serve_bucket() as (address, objects):
        environment.setenv("AWS_ENDPOINT_URL", address)
        yield objects


def empty_cache(home):
    for path in (home / "cache").rglob("*"):
        if path.is_file():
            path.unlink()


def test_bytes_go_into_the_bucket_under_the_prefix(bucket):
    digest = store_bytes(TEAM, b"oak")

    assert bucket == {f"/forest/blobs/{digest[:2]}/{digest}": b"oak"}
    assert holds(TEAM, digest)


def test_an_array_is_fetched_once_and_mapped(bucket, home):
    digest = store_array(TEAM, np.arange(6, dtype="f4"))
    empty_cache(home)
    assert load_array(digest).tolist() == [0, 1, 2, 3, 4, 5]
    bucket.clear()

    assert isinstance(load_array(digest), np.memmap)


def test_bytes_that_are_there_are_not_sent_again(bucket):
    digest = store_bytes(TEAM, b"oak")
    bucket[f"/forest/blobs/{digest[:2]}/{digest}"] = b"the first"
    store_bytes(TEAM + 1, b"oak")

    assert list(bucket.values()) == [b"the first"]


def test_lost_and_changed_objects_are_damage(bucket, home):
    lost, changed = store_bytes(TEAM, b"oak"), store_bytes(TEAM, b"ash")
    empty_cache(home)
    del bucket[f"/forest/blobs/{lost[:2]}/{lost}"]
    bucket[f"/forest/blobs/{changed[:2]}/{changed}"] = b"elm"

    assert not holds(TEAM, lost)
    for digest in (lost, changed):
        with pytest.raises(BlobDamaged):
            path_of(digest)
    assert [path for path in (home / "cache").rglob("*") if path.is_file()] == []


def test_a_sound_bucket_passes_the_check(bucket, capsys):
    store_bytes(TEAM, b"oak")
    call_command("check_blobs")

    assert capsys.readouterr().out == "1 blobs read, 0 damaged, 0 orphans\n"


def test_the_check_reads_the_bucket_and_not_its_copy(bucket):
    digest = store_bytes(TEAM, b"oak")
    bucket[f"/forest/blobs/{digest[:2]}/{digest}"] = b"elm"

    with pytest.raises(CommandError, match="damaged files"):
        call_command("check_blobs")


def test_a_bucket_that_does_not_answer_is_named(environment):
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    with pytest.raises(ServiceUnavailable, match="bucket forest"):
        store_bytes(TEAM, b"oak")
