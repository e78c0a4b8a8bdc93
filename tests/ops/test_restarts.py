"""A part that dies is started again, with all that it kept; what it left behind ends with it."""

import json
import signal
import urllib.request

import psutil
import pytest
from kombu import Connection

from tests.stack import PATIENCE_SECONDS, Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folder")
    started = Stack(folder / "not-this-one", "--home", str(folder / "home"), "--port", "0")
    started.home = folder / "home"
    yield started.wait_until_ready()
    started.stop()


def kill_and_see_it_return(stack: Stack, name: str) -> psutil.Process:
    before = stack.part(name)
    stack.kill(name)
    assert "SIGKILL" in stack.wait_for(f"{name} ended by")
    stack.wait_for(f"{name} was started again")
    stack.wait_for(f"{name} is ready again")
    after = stack.part(name)
    assert after.pid != before.pid
    return after


def test_home_and_port_may_be_options(stack):
    assert (stack.home / "stackyard.sqlite3").exists()
    assert not (stack.home.parent / "not-this-one").exists()


def test_the_web_returns_on_the_same_address(stack):
    kill_and_see_it_return(stack, "web")

    with urllib.request.urlopen(f"{stack.url}/api/v1/health", timeout=PATIENCE_SECONDS) as answer:
        assert json.load(answer)["status"] == "ok"


def test_a_worker_returns_and_its_pool_does_not_outlive_it(stack):
    pool = stack.part("cpu-worker").children(recursive=True)
    assert len(pool) >= 3, "expected two pool processes and the clock"
    kill_and_see_it_return(stack, "cpu-worker")

    assert psutil.wait_procs(pool, PATIENCE_SECONDS)[1] == []


def test_the_broker_returns_with_every_message(stack):
    address = f"redis+socket://{stack.home}/run/broker.sock"
    with Connection(address) as connection, connection.SimpleQueue("kept") as queue:
        queue.put({"id": 7})
    kill_and_see_it_return(stack, "broker")

    with Connection(address) as connection, connection.SimpleQueue("kept") as queue:
        assert queue.get(timeout=PATIENCE_SECONDS).payload == {"id": 7}


def test_ctrl_c_ends_everything_and_twice_does_not_wait_for_a_part_that_hangs(stack):
    processes = stack.processes()
    stack.part("gpu-worker").send_signal(signal.SIGSTOP)
    stack.process.send_signal(signal.SIGINT)
    stack.wait_for("Stopping")
    stack.process.send_signal(signal.SIGINT)

    assert stack.wait_for_the_end() == 0
    assert psutil.wait_procs(processes, PATIENCE_SECONDS)[1] == []
