"""Bodies that are too long never reach the application."""

import asyncio
import json

from stackyard.config.body_limit import STRANGER_LIMIT_BYTES, BodyLimit

TOKEN = (b"authorization", b"Token x")


def ask(headers, pieces, limit=1000):
    """Return what is sent back, and what the application behind received."""
    sent, received = [], []
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]

    async def app(scope, receive, send):
        while (message := await receive())["type"] == "http.request":
            received.append(message["body"])
            if not waiting:
                return

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(BodyLimit(app, limit)({"type": "http", "headers": headers}, receive, send))
    return sent, received


def test_a_declared_length_above_the_limit_is_answered_with_413():
    sent, received = ask([TOKEN, (b"content-length", b"1001")], [b"x" * 1001])

    assert (sent[0]["status"], json.loads(sent[1]["body"])["error"]) == (413, "TooLarge")
    assert received == []


def test_an_undeclared_body_ends_where_it_grows_too_long():
    _, received = ask([TOKEN], [b"x" * 600, b"x" * 600, b"x" * 600])

    assert received == [b"x" * 600]


def test_a_body_within_the_limit_arrives():
    _, received = ask([TOKEN, (b"content-length", b"1000")], [b"x" * 1000])

    assert received == [b"x" * 1000]


def test_a_stranger_may_send_no_more_than_a_form():
    sent, _ = ask([(b"content-length", str(STRANGER_LIMIT_BYTES + 1).encode())], [b""], limit=1 << 40)

    assert sent[0]["status"] == 413
