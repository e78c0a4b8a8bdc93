"""Answers that may be larger than the web process should ever hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from rest_framework.request import Request

PIECE_BYTES = 256 << 10


def stream(request: Request, pieces: Iterator[bytes], filename: str, content_type: str, **headers: str) -> StreamingHttpResponse:
    """Answer with a file made piece by piece, to be saved under a name.

    Under ASGI Django would gather a plain iterator whole before it sends the first byte; there it gets an asynchronous one.
    """
    asynchronous = isinstance(request._request, ASGIRequest)
    body = _take_turns(pieces) if asynchronous else pieces
    named = {"Content-Disposition": f'attachment; filename="{filename}"', **headers}
    return StreamingHttpResponse(body, content_type=content_type, headers=named)


async def _take_turns(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece


def read_pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file's bytes, and close it."""
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
