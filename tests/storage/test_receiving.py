"""Blobs that clients send, whole and in chunks."""

import fcntl
import os
import threading
from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone
from stackyard.errors import DigestMismatch, InvalidRequest, TooLarge, WrongOffset
from stackyard.storage.models import Blob
from stackyard.storage.partials import hold_partial, place_of_partial, size_of_partial
from stackyard.storage.queries import holds, path_of
from stackyard.storage.services import reap_partials, receive_chunk, receive_whole

TEAM, OTHER = 1, 2
DATA = bytes(range(256)) * 10


@pytest.fixture(autouse=True)
def _database(db, home):
    """All of these need both."""


@pytest.fixture
def digest(digest_of):
    return digest_of(DATA)


def send(digest, start, end, team=TEAM, data=DATA):
    return receive_chunk(team, digest, BytesIO(data[start:end]), start, len(data))


def test_a_blob_comes_whole(digest):
    receipt = receive_whole(TEAM, digest, BytesIO(DATA))

    assert (receipt.whole, receipt.offset) == (True, len(DATA))
    assert path_of(digest).read_bytes() == DATA


def test_a_blob_comes_in_chunks(digest):
    first, second = send(digest, 0, 1000), send(digest, 1000, len(DATA))

    assert (first.whole, first.offset) == (False, 1000)
    assert (second.whole, second.offset) == (True, len(DATA))
    assert path_of(digest).read_bytes() == DATA
    assert not place_of_partial(TEAM, digest).exists()


def test_there_is_no_row_before_the_last_byte(digest):
    send(digest, 0, len(DATA) - 1)

    assert not Blob.objects.exists()
    assert size_of_partial(TEAM, digest) == len(DATA) - 1


def test_a_cut_chunk_is_continued_where_it_broke_off(digest):
    # The header said 0-1999, but the line broke after 700 bytes.
    cut = receive_chunk(TEAM, digest, BytesIO(DATA[:700]), 0, len(DATA))

    assert cut.offset == 700
    assert send(digest, 700, len(DATA)).whole


@pytest.mark.parametrize("offset", [0, 999, 1001])
def test_another_offset_is_refused_with_the_right_one(digest, offset):
    send(digest, 0, 1000)

    with pytest.raises(WrongOffset) as refused:
        send(digest, offset, len(DATA))
    assert refused.value.rows == [{"offset": 1000}]


def test_a_wrong_first_offset_leaves_no_file(digest):
    with pytest.raises(WrongOffset):
        send(digest, 5, 10)
    assert not place_of_partial(TEAM, digest).exists()


def test_other_bytes_than_named_are_dropped(digest):
    send(digest, 0, 1000)
    with pytest.raises(DigestMismatch):
        receive_chunk(TEAM, digest, BytesIO(b"x" * (len(DATA) - 1000)), 1000, len(DATA))
    assert size_of_partial(TEAM, digest) == 0
    with pytest.raises(DigestMismatch):
        receive_whole(TEAM, digest, BytesIO(b"x"))
    assert not Blob.objects.exists()


def test_more_bytes_than_announced_are_taken_back(digest):
    send(digest, 0, 1000)
    with pytest.raises(TooLarge):
        receive_chunk(TEAM, digest, BytesIO(DATA[1000:] + b"x"), 1000, len(DATA))

    assert size_of_partial(TEAM, digest) == 1000
    assert send(digest, 1000, len(DATA)).whole


def test_limits_hold_for_blobs_and_for_chunks(digest, settings):
    settings.BLOB_CHUNK_LIMIT_BYTES = 100
    with pytest.raises(TooLarge, match="at most 100 bytes"):
        send(digest, 0, 101)
    settings.BLOB_LIMIT_BYTES = len(DATA) - 1
    with pytest.raises(TooLarge):
        send(digest, 0, 100)
    with pytest.raises(TooLarge):
        receive_whole(TEAM, digest, BytesIO(DATA))


def test_teams_do_not_share_what_is_half_sent(digest):
    send(digest, 0, 1000)

    assert size_of_partial(OTHER, digest) == 0
    send(digest, 0, 500, team=OTHER)
    assert (size_of_partial(TEAM, digest), size_of_partial(OTHER, digest)) == (1000, 500)


def test_a_whole_blob_ends_a_half_sent_one(digest):
    send(digest, 0, 1000)
    receive_whole(TEAM, digest, BytesIO(DATA))

    assert size_of_partial(TEAM, digest) == 0
    assert send(digest, 1000, len(DATA)).whole


def test_a_path_is_no_digest():
    with pytest.raises(InvalidRequest):
        receive_chunk(TEAM, "../../../secret", BytesIO(b""), 0, 1)


@pytest.fixture
def wait_for_second(monkeypatch):
    """Start a second writer of a file; return once it has the file open and waits for its turn."""
    turn = threading.Event()
    threads, seen = [], {}
    lock = fcntl.flock

    def tell_and_lock(handle, how):
        if threading.current_thread() in threads:
            turn.set()
        lock(handle, how)

    def write(place):
        with hold_partial(place) as growing:
            seen.update(offset=growing.tell(), inode=os.fstat(growing.fileno()).st_ino)

    def start(place):
        threads.append(threading.Thread(target=write, args=[place]))
        threads[0].start()
        turn.wait()
        return threads[0], seen

    monkeypatch.setattr(fcntl, "flock", tell_and_lock)
    return start


def test_who_waited_goes_on_behind_what_was_written_meanwhile(tmp_path, wait_for_second):
    place = tmp_path / "partial" / "1" / "abc"
    with hold_partial(place) as growing:
        second, seen = wait_for_second(place)
        growing.write(b"oak")
    second.join()

    assert seen["offset"] == 3


def test_who_waited_for_a_file_that_became_a_blob_never_writes_into_it(tmp_path, wait_for_second):
    place = tmp_path / "partial" / "1" / "abc"
    with hold_partial(place):
        second, seen = wait_for_second(place)
        place.rename(tmp_path / "blob")
    second.join()

    assert seen["inode"] != (tmp_path / "blob").stat().st_ino


def test_half_sent_blobs_are_reaped_after_a_day(digest):
    send(digest, 0, 1000)
    now = timezone.now()

    assert reap_partials(now + timedelta(hours=23)) == 0
    with hold_partial(place_of_partial(TEAM, digest)):
        assert reap_partials(now + timedelta(hours=25)) == 0
    assert reap_partials(now + timedelta(hours=25)) == 1
    assert size_of_partial(TEAM, digest) == 0
    assert not holds(TEAM, digest)


def test_files_that_a_killed_process_left_are_reaped_too(home):
    left = home / "tmp" / "blob-killed"
    left.parent.mkdir()
    left.write_bytes(b"half")
    (home / "tmp" / "of-others").write_bytes(b"")

    assert reap_partials(timezone.now() + timedelta(hours=25)) == 1
    assert [path.name for path in left.parent.iterdir()] == ["of-others"]
