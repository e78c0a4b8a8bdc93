"""A part that dies is started again, with all that it kept; what it left behind ends with it."""

import json
import signal
import urllib.request

import psutil
import pytest
from kombu import Connection

from tests.coins import make_client, make_coins, until
from tests.stack import PATIENCE_SECONDS, Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folder")
    started = Stack(folder / "not-this-one", "--home", str(folder / "home"), "--port", "0")
    started.home = folder / "home"
    started.environment["STACKYARD_HOME"] = str(started.home)
    yield started.wait_until_ready()
    started.stop()


@pytest.fixture(scope="module")
def client(stack):
    with make_client(stack) as client:
        yield client


@pytest.fixture(scope="module")
def coins(client, tmp_path_factory):
    return make_coins(client, tmp_path_factory.mktemp("coins"))


def see_it_return(stack: Stack, name: str) -> None:
    assert "SIGKILL" in stack.wait_for(f"{name} ended by")
    stack.wait_for(f"{name} was started again")
    stack.wait_for(f"{name} is ready again")


def kill_and_see_it_return(stack: Stack, name: str) -> None:
    before = stack.part(name)
    stack.kill(name)
    see_it_return(stack, name)
    assert stack.part(name).pid != before.pid


def test_home_and_port_may_be_options(stack):
    assert (stack.home / "stackyard.sqlite3").exists()
    assert not (stack.home.parent / "not-this-one").exists()


def test_the_web_returns_on_the_same_address(stack):
    kill_and_see_it_return(stack, "web")

    with urllib.request.urlopen(f"{stack.url}/api/v1/health", timeout=PATIENCE_SECONDS) as answer:
        assert json.load(answer)["status"] == "ok"


def test_a_worker_returns_its_pool_does_not_outlive_it_and_what_was_sent_meanwhile_is_done(stack, client, coins):
    pool = stack.part("cpu-worker").children(recursive=True)
    assert len(pool) >= 3, "expected two pool processes and the clock"
    stack.kill("cpu-worker")
    accepted = client.upload("coins", name="orphan", oof=coins, wait=False)
    see_it_return(stack, "cpu-worker")

    assert psutil.wait_procs(pool, PATIENCE_SECONDS)[1] == []
    assert until(lambda: client.prediction(accepted["id"]), lambda row: row["state"] == "scored")["state"] == "scored"


def test_the_broker_returns_with_every_message(stack):
    address = f"redis+socket://{stack.home}/run/broker.sock"
    with Connection(address) as connection, connection.SimpleQueue("kept") as queue:
        queue.put({"id": 7})
    kill_and_see_it_return(stack, "broker")

    with Connection(address) as connection, connection.SimpleQueue("kept") as queue:
        assert queue.get(timeout=PATIENCE_SECONDS).payload == {"id": 7}


def test_even_sigkill_leaves_nothing_and_what_starts_again_on_that_home_ends_by_ctrl_c_though_a_part_hangs(stack):
    assert stack.end(signal.SIGKILL) == (-signal.SIGKILL, [])

    again = Stack(stack.home).wait_until_ready()
    processes = again.processes()
    again.part("gpu-worker").send_signal(signal.SIGSTOP)
    again.process.send_signal(signal.SIGINT)
    again.wait_for("Stopping")
    again.process.send_signal(signal.SIGINT)

    assert again.wait_for_the_end() == 0
    assert psutil.wait_procs(processes, PATIENCE_SECONDS)[1] == []
    again.stop()
