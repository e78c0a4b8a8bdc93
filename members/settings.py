"""Where the server is and who asks: arguments, then the environment, then what `stackyard login` wrote down."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from stackyard.errors import NotConfigured

HOW_TO_LOG_IN = "run `stackyard login URL --token T`, or set STACKYARD_URL and STACKYARD_TOKEN"


@dataclass(frozen=True)
class Settings:
    """One server, one token, and the folder where the client keeps what it knows."""

    url: str
    token: str = field(repr=False)
    home: Path


def find_home() -> Path:
    """Return `$STACKYARD_HOME`, or `.stackyard` in the working folder."""
    return Path(os.environ.get("STACKYARD_HOME") or ".stackyard").resolve()


def login_path(home: Path) -> Path:
    """Return the file that remembers the login."""
    return home / "client.json"


def load_settings(url: str | None = None, token: str | None = None, home: Path | None = None) -> Settings:
    """Return the settings: arguments win over STACKYARD_URL and STACKYARD_TOKEN, and these over the remembered login.

    A remembered token goes only to the server that it was given for.
    Raises NotConfigured where address or token are unknown or cannot be sent.
    """
    home = home or find_home()
    remembered = _read_login(login_path(home))
    chosen = url or os.environ.get("STACKYARD_URL") or remembered.get("url")
    if not chosen:
        raise NotConfigured(
            f"expected a server address, got none as an argument, in STACKYARD_URL or in {login_path(home)}; {HOW_TO_LOG_IN}"
        )
    address = tidy_url(chosen)
    kept = remembered.get("token") if remembered.get("url") == address else None
    secret = token or os.environ.get("STACKYARD_TOKEN") or kept
    if not secret:
        raise NotConfigured(
            f"expected a token for {address}, got none as an argument, in STACKYARD_TOKEN or in {login_path(home)}; {HOW_TO_LOG_IN}"
        )
    return Settings(address, _tidy_token(secret), home)


def tidy_url(url: str) -> str:
    """Return a server's address without a trailing slash; raise NotConfigured unless it is an http(s) address.

    >>> tidy_url(" http://127.0.0.1:8000/ ")
    'http://127.0.0.1:8000'
    """
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise NotConfigured(f"expected an address such as http://127.0.0.1:8000, got {url!r}: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.query or parsed.fragment:
        raise NotConfigured(f"expected an address such as http://127.0.0.1:8000, got {url!r}")
    if parsed.userinfo:
        raise NotConfigured("expected an address without a name and password in it, got one with them; who asks is said by the token")
    return str(parsed).rstrip("/").removesuffix("/api/v1")


def save_login(settings: Settings) -> Path:
    """Write address and token where only this user can read them, in one step; return the path."""
    path = login_path(settings.home)
    write_atomically(path, json.dumps({"url": settings.url, "token": settings.token}, indent=2).encode() + b"\n", mode=0o600)
    return path


def write_atomically(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file whole or not at all; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _tidy_token(token: str) -> str:
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NotConfigured("expected a token of printable characters without spaces, got something else")
    return token


def _read_login(path: Path) -> dict[str, Any]:
    try:
        login = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise NotConfigured(f"expected JSON in {path}, got something else ({error}); {HOW_TO_LOG_IN}") from error
    return login if isinstance(login, dict) else {}
