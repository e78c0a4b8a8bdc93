"""What every test may ask for."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import settings

from tests.browser import find_chromium
from tests.queueing import run_tasks_at_once
from tests.services import CannotServeError, postgres_and_broker
from tests.stack import Stack, make_database, outside_services, own_broker

if TYPE_CHECKING:
    from tests.world import World

# Most properties show their faults within some examples; `make test-all` tries many more.
settings.register_profile("quick", max_examples=12, deadline=None)
settings.register_profile("thorough", max_examples=120, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
MEET_THE_DATABASE = {"db", "transactional_db", "live_stack"}
# Rooms without Django: the second pass need not even read their tests.
WITHOUT_DATABASE = [Path(__file__).parent / room for room in ("benchmarks", "contract", "members", "numerics", "pipelines")]


def pytest_configure() -> None:
    """End by SIGTERM as by Ctrl-C: servers that tests started end too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="run only what meets the server's database")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    in_second_pass = config.getoption("--database-only")
    return True if in_second_pass and (collection_path in WITHOUT_DATABASE or not _is_test(collection_path)) else None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples in the product only: in the tests there are none, and looking takes long."""
    return [collector for collector in (yield) if not isinstance(collector, DoctestModule)]


def _is_test(path: Path) -> bool:
    return path.is_relative_to(Path(__file__).parent)


def pytest_collection_finish() -> None:
    """Keep what is loaded by now out of the way of the garbage collector: it stays to the end."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    belongs = _meets_the_database if config.getoption("--database-only") else _needs_no_servers
    config.hook.pytest_deselected(items=[item for item in items if not belongs(item)])
    items[:] = [item for item in items if belongs(item)]


def _needs_no_servers(item: pytest.Item) -> bool:
    return item.get_closest_marker("servers") is None


def _meets_the_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    return not any(item.get_closest_marker(name) for name in ("browser", "once")) and (
        item.get_closest_marker("django_db") is not None or bool(names & MEET_THE_DATABASE)
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of shared real data; a test that needs it is skipped, and says so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no shared data at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium; a test that needs one is skipped where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium here")
    return path


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return a whole running stack: real processes on a home of its own, on outside servers where TEST_… names them."""
    stack = Stack(tmp_path_factory.mktemp("home"), services=outside_services())
    try:
        yield stack.wait_until_ready()
        assert stack.end(signal.SIGTERM) == (0, [])
        assert stack.wait_for("nothing is left running")
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def real_services() -> Iterator[dict[str, str]]:
    """Return DATABASE_URL of an empty database on a real Postgres, and BROKER_URL of a real broker: given ones, else from wheels."""
    with ExitStack() as stack:
        try:
            addresses = stack.enter_context(postgres_and_broker())
        except CannotServeError as error:
            pytest.skip(str(error))
        yield {"DATABASE_URL": make_database(addresses["TEST_DATABASE_URL"]), "BROKER_URL": own_broker(addresses["TEST_BROKER_URL"])}


@pytest.fixture
def eager_tasks(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run tasks in this process, as soon as the transaction that sends them would be committed. For tests that need no queue."""
    run_tasks_at_once(monkeypatch)


@pytest.fixture
def world(db: None) -> "World":
    """Return the team `forest` with one member a role, and the team `rivals`."""
    from tests.world import make_world  # models can be imported only once Django is set up

    return make_world()
