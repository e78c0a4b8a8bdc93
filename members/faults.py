"""What went wrong on the way, or at the server, as a named error."""

from __future__ import annotations

from typing import Any

import httpx
from stackyard.errors import ERRORS, ServerFault, ServerUnreachable, StackyardError, WrongState

FIRST_CHARACTERS = 200


def error_of(answer: httpx.Response) -> StackyardError:
    """Return the error that an answer carries: by its code, or ServerFault with the text where the code is unknown or absent."""
    body = _json_or_none(answer)
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        return error_from_json(body)
    asked = f"{answer.request.method} {answer.request.url}"
    if answer.is_redirect:
        return ServerFault(f"expected an answer to {asked}, got a redirect to {answer.headers.get('location', '?')}: use that address")
    text = " ".join(answer.text.split())[:FIRST_CHARACTERS]
    return ServerFault(f"expected an answer to {asked}, got status {answer.status_code}: {text or answer.reason_phrase}")


def error_from_json(body: dict[str, Any]) -> StackyardError:
    """Return the error that {"error", "detail", "count", "rows"} describes.

    >>> error_from_json({"error": "NameTaken", "detail": "expected a new slug, got 'spooky'"})
    NameTaken("expected a new slug, got 'spooky'")
    """
    detail = str(body.get("detail", ""))
    rows = [row for row in body.get("rows") or () if isinstance(row, dict)]
    count = body["count"] if isinstance(body.get("count"), int) else None
    kind = ERRORS.get(str(body["error"]))
    return kind(detail, rows, count) if kind else ServerFault(f"{body['error']}: {detail}", rows, count)


def error_in(error: Any, otherwise: str) -> StackyardError:
    """Return the error that a failed run carries, or WrongState with a sentence where it carries none."""
    if isinstance(error, dict) and isinstance(error.get("error"), str):
        return error_from_json(error)
    return WrongState(str(error) if error else otherwise)


def unreachable(url: str, cause: Exception, maybe_done: bool) -> ServerUnreachable:
    """Return the error for a server that does not answer, with what to try.

    maybe_done: the request may have arrived, and may not be repeated blindly.
    """
    reason = str(cause) or type(cause).__name__
    if maybe_done:
        return ServerUnreachable(
            f"expected an answer from {url}, got {reason}; what was asked may have been done: look before you ask again"
        )
    return ServerUnreachable(
        f"expected an answer from {url}, got {reason}; is the server up (`python manage.py up`), and is this its address?"
    )


def decode_json(answer: httpx.Response) -> Any:
    """Return an answer's JSON; raise ServerFault where it is none, as from a page that is no Stackyard server."""
    try:
        return answer.json()
    except ValueError as error:
        kind = answer.headers.get("content-type", "no content type")
        raise ServerFault(f"expected JSON from {answer.request.url}, got {kind}: is this a Stackyard server?") from error


def _json_or_none(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
