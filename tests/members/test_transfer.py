"""Blobs on their way: named, sent once, resumed."""

from pathlib import Path

import httpx
import pytest
from stackyard.errors import DigestMismatch, ServerFault, ServerUnreachable, TooLarge, WrongOffset

from members.progress import Step
from members.transfer import Parcel, send_parcel

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def parcel() -> Parcel:
    return Parcel.from_bytes("oof.npz", CONTENT)


def ranges(server) -> list[str | None]:
    return [request.headers.get("Content-Range") for request in server.sent("PUT")]


def test_a_small_file_goes_whole_with_its_length(client, server, parcel):
    assert send_parcel(client.wire, parcel) == parcel.digest
    (put,) = server.sent("PUT")
    assert put.headers["Content-Length"] == str(len(CONTENT))
    assert "Transfer-Encoding" not in put.headers
    assert ranges(server) == [None]
    assert server.blobs[parcel.digest] == CONTENT


def test_an_empty_file_is_sent_too(client, server):
    digest = send_parcel(client.wire, Parcel.from_bytes("empty.csv", b""))
    assert server.blobs[digest] == b""


def test_a_blob_that_the_server_holds_is_not_sent_again(client, server, parcel):
    server.blobs[parcel.digest] = CONTENT
    steps: list[Step] = []
    send_parcel(client.wire, parcel, steps.append)
    assert server.sent("PUT") == []
    assert steps[-1].done == len(CONTENT)


def test_a_long_file_goes_in_chunks(client, server, parcel):
    send_parcel(client.wire, parcel, chunk_bytes=4096)
    assert ranges(server) == ["bytes 0-4095/10240", "bytes 4096-8191/10240", "bytes 8192-10239/10240"]
    assert server.blobs[parcel.digest] == CONTENT


def test_a_broken_connection_goes_on_where_the_server_got_to(client, server, parcel, pauses):
    def keep_a_hundred_bytes(request: httpx.Request) -> httpx.Response:
        server.partial[parcel.digest] += request.content[:100]
        raise httpx.ReadError("connection reset", request=request)

    server.breakages = [None, None, keep_a_hundred_bytes]
    send_parcel(client.wire, parcel, chunk_bytes=4096)
    assert ranges(server)[2] == "bytes 4196-8291/10240"
    assert pauses == [0.5]
    assert server.blobs[parcel.digest] == CONTENT


def test_an_upload_of_an_earlier_run_is_gone_on_with(client, server, parcel):
    server.partial[parcel.digest] = CONTENT[:5000]
    send_parcel(client.wire, parcel)
    assert ranges(server) == ["bytes 5000-10239/10240"]
    assert server.blobs[parcel.digest] == CONTENT


def test_a_wrong_offset_is_mended_by_what_the_server_says(client, server, parcel):
    def lose_the_partial(request: httpx.Request) -> httpx.Response:
        server.partial.clear()
        return server.put_blob(request, parcel.digest)

    server.breakages = [None, None, lose_the_partial]
    send_parcel(client.wire, parcel, chunk_bytes=4096)
    assert ranges(server)[1:3] == ["bytes 4096-8191/10240", "bytes 0-4095/10240"]
    assert server.blobs[parcel.digest] == CONTENT


def test_a_server_that_is_away_is_waited_for_ever_longer(client, server, parcel, pauses, away):
    server.breakages = [away] * 3
    send_parcel(client.wire, parcel)
    assert pauses == [0.5, 1.0, 2.0]


def test_a_server_that_stays_away_is_given_up_by_name(client, server, parcel, pauses, broken):
    server.breakages = [broken] * 99
    with pytest.raises(ServerUnreachable, match=r"http://server\.test.*connection reset"):
        send_parcel(client.wire, parcel)
    assert len(server.requests) == len(pauses) + 1 == 6


def test_a_chunk_that_arrived_gives_all_attempts_again(client, server, parcel, pauses, away):
    server.breakages = [away, away, away, away, None, None, away, away, away, away]
    send_parcel(client.wire, parcel, chunk_bytes=4096)
    assert pauses == [0.5, 1.0, 2.0, 4.0] * 2


def test_a_server_that_takes_nothing_is_not_asked_for_ever(client, server, parcel):
    server.breakages = [None] + [lambda _: httpx.Response(202, json={"offset": 0})] * 99
    with pytest.raises(WrongOffset, match="hold more than 0 of 10240 bytes"):
        send_parcel(client.wire, parcel, chunk_bytes=4096)
    assert len(server.requests) < 20


def test_a_refusal_is_raised_by_name_and_not_repeated(client, server, parcel):
    server.breakages = [None, lambda _: httpx.Response(413, json={"error": "TooLarge", "detail": "expected less", "rows": []})]
    with pytest.raises(TooLarge, match="expected less"):
        send_parcel(client.wire, parcel)
    assert len(server.requests) == 2


def test_bytes_that_changed_after_their_digest_was_taken_are_refused(client, server, tmp_path: Path):
    path = tmp_path / "oof.csv"
    path.write_bytes(b"one")
    parcel = Parcel.from_path(path)
    path.write_bytes(b"two")
    with pytest.raises(DigestMismatch):
        send_parcel(client.wire, parcel)
    path.write_bytes(b"1")
    with pytest.raises(DigestMismatch, match=r"expected 3 bytes in oof\.csv, got 1"):
        send_parcel(client.wire, parcel)


def test_a_page_that_is_no_server_is_named(client, server, parcel):
    server.breakages = [None, lambda _: httpx.Response(405, text="<h1>Not allowed</h1>")]
    with pytest.raises(ServerFault, match="status 405: <h1>Not allowed</h1>"):
        send_parcel(client.wire, parcel)


def test_progress_never_goes_back_and_ends_at_the_whole(client, tmp_path: Path):
    path = tmp_path / "oof.csv"
    path.write_bytes(CONTENT)
    steps: list[Step] = []
    send_parcel(client.wire, Parcel.from_path(path, steps.append), steps.append, chunk_bytes=3000)
    sending = [step.done for step in steps if step.sentence == "sending oof.csv"]
    assert sending == sorted(sending)
    assert (sending[-1], steps[-1].total, steps[0].sentence) == (len(CONTENT), len(CONTENT), "reading oof.csv")
