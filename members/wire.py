"""One server and one token: send a request, try again where that does no harm, turn every failure into a named error."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from stackyard.errors import DigestMismatch, StackyardError

from members.faults import decode_json, error_of, unreachable
from members.settings import Settings

BRIEF_PAUSES = (0.2, 0.6)
"""Seconds between attempts where a person waits for a first answer."""
PATIENT_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts of long work: a server that restarts is back before the last."""
PASSING_STATUSES = frozenset({502, 503, 504})
SERVER_WAIT_SECONDS = 10
PIECE_BYTES = 1 << 20

Sleep = Callable[[float], None]
Content = bytes | Iterator[bytes]
Params = Mapping[str, Any]


class Wire:
    """Requests to one server; safe to share between threads."""

    def __init__(self, settings: Settings, timeout: float, transport: httpx.BaseTransport | None = None, sleep: Sleep = time.sleep) -> None:
        self.url = settings.url
        self.sleep = sleep
        self._http = httpx.Client(
            base_url=f"{settings.url}/api/v1/",
            headers={"Authorization": f"Token {settings.token}", "Accept": "application/json"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            transport=transport,
            # a proxy that the environment names leads to the internet, never back to this machine
            trust_env=not is_loopback(httpx.URL(settings.url).host),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, params: Params | None = None, pauses: tuple[float, ...] = BRIEF_PAUSES) -> Any:
        """Return the JSON at a path; parameters that are None are left out."""
        return decode_json(self.ask("GET", path, pauses, params=_given(params)))

    def get_text(self, path: str, params: Params | None = None) -> str:
        """Return the text at a path."""
        return self.ask("GET", path, params=_given(params), headers={"Accept": "*/*"}).text

    def post(self, path: str, body: Mapping[str, Any], wait: bool = False) -> Any:
        """Return the JSON that comes of a POST; with wait the server may take some seconds to answer with the outcome itself."""
        headers = {"Prefer": f"wait={SERVER_WAIT_SECONDS}"} if wait else {}
        return decode_json(self.ask("POST", path, json=dict(body), headers=headers))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON that comes of a PATCH."""
        return decode_json(self.ask("PATCH", path, json=dict(body)))

    def ask(self, method: str, path: str, pauses: tuple[float, ...] = BRIEF_PAUSES, **options: Any) -> httpx.Response:
        """Return a good answer, after more attempts where the server was away for a moment.

        What changes something is sent again only when it surely did not arrive.
        Raises the named error of the answer, or ServerUnreachable.
        """
        harmless = method in {"GET", "HEAD"}
        for pause in (*pauses, None):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.RequestError as error:
                never_arrived = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
                if pause is None or not (harmless or never_arrived):
                    raise unreachable(self.url, error, maybe_done=not (harmless or never_arrived)) from error
            else:
                if pause is None or not harmless or answer.status_code not in PASSING_STATUSES:
                    return _accept(answer)
            self.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def try_once(self, method: str, path: str, content: Content | None = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Return whatever answer comes to one attempt, good or bad; httpx's own errors pass."""
        return self._http.request(method, path, content=content, headers=headers)

    @contextmanager
    def stream(self, path: str, params: Params | None = None) -> Iterator[Iterator[bytes]]:
        """Yield the pieces of a file at a path; raise the answer's named error, or ServerUnreachable where the connection breaks."""
        try:
            with self._http.stream("GET", path, params=_given(params), headers={"Accept": "*/*"}) as answer:
                if not answer.is_success:
                    answer.read()
                    raise error_of(answer)
                yield answer.iter_bytes(PIECE_BYTES)
        except httpx.RequestError as error:
            raise unreachable(self.url, error, maybe_done=False) from error

    def download(self, path: str, target: Path, expected_digest: str) -> None:
        """Write the file at a path, whole or not at all; raise DigestMismatch where its SHA-256 is not the expected one."""
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        digest = hashlib.sha256()
        try:
            with self.stream(path) as pieces, part.open("wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != expected_digest:
                raise DigestMismatch(
                    f"expected bytes with SHA-256 {expected_digest} for {target}, got {digest.hexdigest()}: fetch them again"
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def path_to(*names: str | int) -> str:
    """Return a path below the API's root; names are quoted, so that none can lead elsewhere.

    >>> path_to("competitions", "a/b", "folds")
    'competitions/a%2Fb/folds'
    """
    return "/".join(quote(str(name), safe="") for name in names)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("stackyard.example.org")
    (True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _given(params: Params | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _accept(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raised: StackyardError = error_of(answer)
    raise raised
