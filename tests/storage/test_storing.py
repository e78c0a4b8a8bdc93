"""Bytes that the server stores itself."""

from io import BytesIO

import numpy as np
import pytest
from stackyard.errors import BlobDamaged, BlobUnknown, InvalidRequest, TooLarge
from stackyard.storage.models import Blob
from stackyard.storage.queries import holds, load_array, load_json, path_of, require, verify
from stackyard.storage.services import store_array, store_bytes, store_file, store_stream

pytestmark = pytest.mark.django_db
TEAM, OTHER = 1, 2


def files_in(home):
    return sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())


def test_bytes_lie_under_their_digest_read_only(home, digest_of):
    digest = store_bytes(TEAM, b"oak")

    assert digest == digest_of(b"oak")
    assert files_in(home) == [f"blobs/{digest[:2]}/{digest}"]
    assert path_of(digest).stat().st_mode & 0o222 == 0
    assert path_of(digest).read_bytes() == b"oak"


def test_storing_again_keeps_the_first_file(home):
    first = path_of(store_bytes(TEAM, b"oak")).stat().st_ino

    assert path_of(store_bytes(OTHER, b"oak")).stat().st_ino == first
    assert Blob.objects.count() == 2


def test_a_team_holds_only_what_it_has_sent(home):
    digest = store_bytes(TEAM, b"oak")

    assert (holds(TEAM, digest), holds(OTHER, digest)) == (True, False)
    assert require(TEAM, digest).size == 3
    with pytest.raises(BlobUnknown, match=digest):
        require(OTHER, digest)


def test_a_stream_over_the_limit_leaves_nothing(home):
    with pytest.raises(TooLarge, match="at most 4 bytes"):
        store_stream(TEAM, BytesIO(b"maple"), limit=4)

    assert files_in(home) == []
    assert not Blob.objects.exists()


def test_a_file_is_moved_in(home):
    home.joinpath("made").write_bytes(b"elm")
    digest = store_file(TEAM, home / "made")

    assert files_in(home) == [f"blobs/{digest[:2]}/{digest}"]
    assert holds(TEAM, digest)


@pytest.mark.parametrize("array", [np.arange(6, dtype="f4").reshape(2, 3), np.arange(6, dtype="i2"), np.zeros((0, 3), "f4")])
def test_an_array_comes_back_as_it_was(home, array):
    found = load_array(store_array(TEAM, array), mmap=False)

    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()


def test_an_array_in_another_memory_order_has_the_same_digest(home):
    array = np.arange(6, dtype="f4").reshape(2, 3)

    assert store_array(TEAM, np.asfortranarray(array)) == store_array(TEAM, array)


def test_arrays_are_mapped_and_cannot_be_written(home):
    found = load_array(store_array(TEAM, np.ones(3, "f4")))

    assert isinstance(found, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 2


def test_python_objects_are_never_stored_nor_read(home):
    with pytest.raises(ValueError, match="allow_pickle"):
        store_array(TEAM, np.array([{}], dtype=object))
    pickled = BytesIO()
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        load_array(store_bytes(TEAM, pickled.getvalue()), mmap=False)


def test_json_comes_back(home):
    assert load_json(store_bytes(TEAM, b'{"folds": 5}')) == {"folds": 5}


def test_a_file_that_ends_badly_leaves_nothing(home):
    class Torn(BytesIO):
        def read(self, _size=-1):
            raise OSError("the line broke")

    with pytest.raises(OSError, match="broke"):
        store_stream(TEAM, Torn())
    assert files_in(home) == []


def test_changed_bytes_are_found(home):
    digest = store_bytes(TEAM, b"oak")
    verify(digest)
    path_of(digest).chmod(0o644)
    path_of(digest).write_bytes(b"ash")

    with pytest.raises(BlobDamaged, match="got bytes with SHA-256"):
        verify(digest)


def test_lost_bytes_count_as_not_held_so_that_they_can_be_sent_again(home):
    digest = store_bytes(TEAM, b"oak")
    path_of(digest).unlink()

    assert not holds(TEAM, digest)
    with pytest.raises(BlobDamaged, match="no file"):
        path_of(digest)
    store_bytes(TEAM, b"oak")
    assert holds(TEAM, digest)


@pytest.mark.parametrize("name", ["", "../../secret_key", "A" * 64, "0" * 63])
def test_only_a_digest_leads_to_a_file(home, name):
    with pytest.raises(InvalidRequest):
        path_of(name)
