"""`manage.py up`: one terminal, and nothing left behind, however it ends."""

import json
import urllib.request
from pathlib import Path

import pytest
from stackyard.config.embedded import broker_part

from tests.services import free_port
from tests.stack import Stack, StackFailedError, outside_services


def test_ready_means_that_the_web_answers_and_workers_listen(live_stack):
    with urllib.request.urlopen(f"{live_stack.url}/api/v1/health") as answer:
        assert json.load(answer)["status"] == "ok"
    said = "\n".join(live_stack.said)
    assert "cpu-worker is ready" in said
    assert "gpu-worker is ready" in said


def test_a_new_home_tells_how_to_make_the_first_administrator(live_stack):
    assert any("manage.py create_member NAME --team TEAM --role admin --print-token" in line for line in live_stack.said)


@pytest.mark.once
def test_a_second_up_on_the_same_home_says_so(live_stack):
    second = Stack(live_stack.home, services=outside_services())
    line = second.wait_for("already runs")
    status = second.wait_for_the_end()
    second.stop()

    assert status == 1
    assert str(live_stack.process.pid) in line
    assert live_stack.url in line


@pytest.mark.once
def test_a_port_that_is_taken_is_a_clear_error(live_stack, tmp_path):
    port = live_stack.url.rsplit(":", 1)[1]
    second = Stack(tmp_path / "home", "--port", port)
    second.wait_for(f"cannot listen on 127.0.0.1 port {port}")
    status = second.wait_for_the_end()
    second.stop()

    assert status == 1


def test_exit_without_demo_is_refused(tmp_path):
    stack = Stack(tmp_path / "home", "--exit")
    stack.wait_for("expected --demo beside --exit")
    status = stack.wait_for_the_end()
    stack.stop()

    assert status == 1


def test_a_home_with_a_long_path_gets_its_socket_elsewhere(tmp_path):
    _, near = broker_part(tmp_path)
    _, far = broker_part(tmp_path / ("long" * 30))

    assert near == f"redis+socket://{tmp_path}/run/broker.sock"
    assert str(tmp_path) not in far
    assert len(far) < 107
    Path(far.removeprefix("redis+socket://")).parent.rmdir()


@pytest.mark.slow
def test_a_part_that_cannot_start_ends_it_with_that_parts_last_words(tmp_path):
    stack = Stack(tmp_path / "home", services={"BROKER_URL": "nonsense://127.0.0.1:1"})
    stack.wait_for("its log:")
    status = stack.wait_for_the_end()
    stack.stop()

    assert status == 1
    assert any("ended with status" in line for line in stack.said)


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path):
    stack = Stack(tmp_path / "home", services={"DATABASE_URL": f"postgres://nobody@127.0.0.1:{free_port()}/none"})
    stack.wait_for("CommandError: the database does not answer")
    status = stack.wait_for_the_end()
    stack.stop()

    assert status == 1
    assert not any("Traceback" in line for line in stack.said)


def test_the_waiting_helper_can_fail(tmp_path):
    stack = Stack(tmp_path / "home", "--exit")
    with pytest.raises(StackFailedError, match="Ready"):
        stack.wait_until_ready()
    stack.stop()
