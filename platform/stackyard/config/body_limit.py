"""Refuse bodies that are too long before they are kept: the server behind spools a whole body to disk ahead of any view."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from stackyard.errors import TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

STRANGER_LIMIT_BYTES = 64 << 10
CREDENTIALS = {b"authorization", b"cookie"}


class BodyLimit:
    """An ASGI application in front of another. Who shows no credentials at all may send a login form, and no more."""

    def __init__(self, app: App, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer 413 where the declared length is too long; end the connection where an undeclared body grows too long."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        limit = self.limit_bytes if CREDENTIALS & headers.keys() else STRANGER_LIMIT_BYTES
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _refuse(send, TooLarge(f"expected at most {limit} bytes, got {int(declared)}"))
            return
        await self.app(scope, _counting(receive, limit), send)


def _counting(receive: Receive, limit: int) -> Receive:
    came = 0

    async def receive_counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        return message if came <= limit else {"type": "http.disconnect"}

    return receive_counted


async def _refuse(send: Send, error: TooLarge) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error.as_json()).encode()})
