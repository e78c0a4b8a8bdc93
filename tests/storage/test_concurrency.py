"""Several clients send the same blob at once, in threads with connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.db import connection
from stackyard.errors import WrongOffset
from stackyard.storage.models import Blob
from stackyard.storage.queries import verify
from stackyard.storage.services import receive_chunk, receive_whole

TEAM = 1
DATA = bytes(range(256)) * 4000
CHUNK = 100_000


def send_all(digest):
    """What a client does: go on where it is told to, until the blob is whole."""
    offset = 0
    try:
        while True:
            try:
                receipt = receive_chunk(TEAM, digest, BytesIO(DATA[offset : offset + CHUNK]), offset, len(DATA))
            except WrongOffset as told:
                offset = told.rows[0]["offset"]
                continue
            if receipt.whole:
                return True
            offset = receipt.offset
    finally:
        connection.close()


def send_whole(digest):
    try:
        return receive_whole(TEAM, digest, BytesIO(DATA)).whole
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ways", [[send_all] * 4, [send_whole] * 4, [send_all, send_whole] * 2])
def test_all_of_them_end_with_one_sound_blob(home, digest_of, ways):
    digest = digest_of(DATA)
    with ThreadPoolExecutor(len(ways)) as pool:
        assert all(pool.map(lambda way: way(digest), ways))

    verify(digest)
    assert Blob.objects.count() == 1
