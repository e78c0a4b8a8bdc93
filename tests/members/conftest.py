"""A client, a command line and files of a small competition, each test with a home of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from click.testing import CliRunner, Result

from members.cli import cli
from members.cli_desk import Setup
from members.client import Client
from tests.members.fake_server import TINY, TOKEN, URL, Answer, Breakage, FakeServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working folder of the test's own, and no login."""
    for name in ("STACKYARD_URL", "STACKYARD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that were waited."""
    return []


@pytest.fixture
def client(server: FakeServer, pauses: list[float]) -> Client:
    return Client(URL, TOKEN, transport=httpx.MockTransport(server.answer), sleep=pauses.append)


@pytest.fixture
def run(server: FakeServer, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command line against the server in memory."""
    monkeypatch.setenv("STACKYARD_URL", URL)
    monkeypatch.setenv("STACKYARD_TOKEN", TOKEN)
    setup = Setup(httpx.MockTransport(server.answer), pauses.append)
    return lambda *args: CliRunner().invoke(cli, [str(arg) for arg in args], obj=setup)


@pytest.fixture
def oof_csv(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "oof.csv", TINY.train_ids.to_list())


@pytest.fixture
def test_csv(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "test.csv", TINY.test_ids.to_list())


def write_csv(path: Path, ids: list[str], **more: list[Any]) -> Path:
    pl.DataFrame({"id": ids, "a": [0.25] * len(ids), "b": [0.75] * len(ids), **more}).write_csv(path)
    return path


@pytest.fixture
def write() -> Callable[..., Path]:
    """Write a CSV with these ids."""
    return write_csv


@pytest.fixture
def broken() -> Breakage:
    """A connection that breaks before an answer comes."""

    def breakage(request: httpx.Request) -> Answer:
        raise httpx.ReadError("connection reset", request=request)

    return breakage


@pytest.fixture
def refused() -> Breakage:
    """A connection that is never made."""

    def breakage(request: httpx.Request) -> Answer:
        raise httpx.ConnectError("connection refused", request=request)

    return breakage


@pytest.fixture
def away() -> Breakage:
    """A proxy in front of a server that restarts."""
    return lambda _: Answer(503, text="<html>busy</html>")
