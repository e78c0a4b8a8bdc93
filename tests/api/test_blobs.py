"""Bytes over HTTP."""

import hashlib

import pytest

from tests.world import Person

DATA = bytes(range(256)) * 20
DIGEST = hashlib.sha256(DATA).hexdigest()
RAW = "application/octet-stream"


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path
    settings.TEMPORARY = tmp_path / "tmp"


def put(client, body=DATA, span=None, digest=DIGEST):
    headers = {"Content-Range": f"bytes {span}"} if span else {}
    return client.generic("PUT", f"blobs/{digest}", body, content_type=RAW, headers=headers)


def test_a_blob_is_sent_whole_and_then_held(world):
    assert put(world.member).json() == {"digest": DIGEST, "state": "whole", "size": len(DATA)}
    asked = world.reader.head(f"blobs/{DIGEST}")

    assert (asked.status_code, asked["Content-Length"]) == (200, str(len(DATA)))


def test_sending_again_does_nothing(world):
    assert put(world.member).status_code == 201
    again = put(world.admin, body=b"not even read")

    assert (again.status_code, again.json()["state"]) == (200, "whole")


def test_an_upload_goes_on_after_a_cut(world):
    first = put(world.member, DATA[:2000], f"0-1999/{len(DATA)}")
    # A new connection knows nothing; it asks how far the last one came.
    held = int(world.member.head(f"blobs/{DIGEST}")["Upload-Offset"])
    rest = put(world.member, DATA[held:], f"{held}-{len(DATA) - 1}/{len(DATA)}")

    assert (first.status_code, first.json()) == (202, {"digest": DIGEST, "state": "partial", "offset": 2000})
    assert (held, rest.status_code, rest.json()["state"]) == (2000, 201, "whole")


def test_a_chunk_at_another_place_is_told_where_to_go_on(world):
    put(world.member, DATA[:2000], f"0-1999/{len(DATA)}")
    answer = put(world.member, DATA[2500:], f"2500-{len(DATA) - 1}/{len(DATA)}")

    assert (answer.status_code, answer.json()["error"], answer.json()["rows"]) == (409, "WrongOffset", [{"offset": 2000}])


def test_a_foreign_team_that_knows_the_digest_must_send_the_bytes(world):
    put(world.member)

    assert world.rival.head(f"blobs/{DIGEST}").status_code == 404
    assert put(world.rival, b"a guess").json()["error"] == "DigestMismatch"
    assert world.rival.head(f"blobs/{DIGEST}").status_code == 404
    assert put(world.rival).status_code == 201
    assert world.rival.head(f"blobs/{DIGEST}").status_code == 200


def test_a_foreign_team_does_not_see_what_is_half_sent(world):
    put(world.member, DATA[:2000], f"0-1999/{len(DATA)}")

    assert world.rival.head(f"blobs/{DIGEST}")["Upload-Offset"] == "0"


def test_other_bytes_than_named_are_refused(world):
    answer = put(world.member, b"other")

    assert (answer.status_code, answer.json()["error"]) == (422, "DigestMismatch")
    assert answer.json()["rows"] == [{"digest": hashlib.sha256(b"other").hexdigest()}]


def test_more_bytes_than_allowed_are_refused(world, settings):
    settings.BLOB_LIMIT_BYTES = 100

    assert put(world.member).json()["error"] == "TooLarge"
    assert put(world.member, DATA[:50], f"0-49/{len(DATA)}").status_code == 413


@pytest.mark.once
@pytest.mark.parametrize("span", ["5-4/10", "0-10/10", "0-9/*", "nonsense"])
def test_a_range_must_make_sense(world, span):
    assert put(world.member, b"x", span).json()["error"] == "InvalidRequest"


@pytest.mark.once
@pytest.mark.parametrize("digest", ["abc", DIGEST.upper(), "..%2f..%2fsecret_key"])
def test_a_digest_is_64_lowercase_digits(world, digest):
    assert put(world.member, digest=digest).status_code in {400, 404}
    assert world.member.head(f"blobs/{digest}").status_code in {400, 404}


def test_an_empty_blob_is_one_too(world):
    assert put(world.member, b"", digest=hashlib.sha256(b"").hexdigest()).status_code == 201


def test_a_reader_asks_but_does_not_send(world):
    assert put(world.reader).json()["error"] == "RoleTooLow"
    assert put(Person(world.member.membership, scope="read")).json()["error"] == "ScopeTooNarrow"
    assert world.nobody.head(f"blobs/{DIGEST}").status_code == 401
    assert world.member.get(f"blobs/{DIGEST}").json()["error"] == "MethodNotAllowed"
