"""docker-compose.yml, Dockerfile and nginx.conf, held to what the code needs: there is no Docker here, so each command runs by itself."""

import json
import os
import re
import shlex
import shutil
import subprocess
import urllib.request
from contextlib import ExitStack

import pytest
from django.conf import settings

from tests.compose import Here, read_compose
from tests.services import free_port, valkey_binary
from tests.stack import ROOT

FILLED = {"POSTGRES_PASSWORD": "p-secret", "BROKER_PASSWORD": "b-secret", "STACKYARD_SECRET_KEY": "k-secret", "STACKYARD_HOSTS": "*"}
COMPOSED_DATABASE = "postgres://stackyard:p-secret@postgres:5432/stackyard"


@pytest.fixture(scope="module")
def compose():
    return read_compose(FILLED)


@pytest.fixture(scope="module")
def here(real_services, tmp_path_factory):
    broker, web = free_port(), str(free_port())
    programs = {"valkey-server": valkey_binary()}
    places = {COMPOSED_DATABASE: real_services["DATABASE_URL"], "valkey:6379": f"127.0.0.1:{broker}", "8000": web}
    return Here(tmp_path_factory.mktemp("data"), {**programs, **places, "BROKER_PORT": str(broker)})


@pytest.fixture(scope="module")
def running(compose, here, tmp_path_factory):
    """Run the broker, the migration, and then web and workers, each by its own command."""
    services = compose["services"]
    valkey = dict(services["valkey"])
    valkey["command"] = [*valkey["command"], "--bind", "127.0.0.1", "--port", "BROKER_PORT", "--dir", "/data"]
    with ExitStack() as stack:
        stack.enter_context(here.serving(valkey, "Ready to accept connections"))
        migrated = here.run(services["migrate"], services["migrate"]["command"])
        assert migrated.returncode == 0, migrated.stderr
        stack.enter_context(here.serving(services["web"], "Uvicorn running on"))
        stack.enter_context(here.serving(services["cpu-worker"], "ready."))
        stack.enter_context(here.serving(services["gpu-worker"], "ready."))
        yield services


def test_every_service_of_the_design_is_there(compose):
    assert {"postgres", "valkey", "migrate", "web", "cpu-worker", "gpu-worker", "nginx"} == set(compose["services"])


@pytest.mark.parametrize("name", FILLED)
def test_a_secret_that_is_not_set_stops_it_with_a_sentence(name):
    with pytest.raises(KeyError, match=f"copy deploy/env.example to .env and set {name}"):
        read_compose({**FILLED, name: ""})


def test_the_example_of_secrets_names_each_of_them():
    named = re.findall(r"^(\w+)=", (ROOT / "deploy" / "env.example").read_text(), re.MULTILINE)

    assert set(FILLED) <= set(named)


def test_what_the_services_wait_for_can_be_waited_for(compose):
    services = compose["services"]
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            assert wait["condition"] in {"service_healthy", "service_completed_successfully"}
            assert wait["condition"] != "service_healthy" or "healthcheck" in services[name]


def test_the_web_serves_and_its_health_check_knows(running, here):
    assert here.check_health(running["web"]).returncode == 0
    with urllib.request.urlopen(f"http://127.0.0.1:{here.places['8000']}/api/v1/health") as answer:
        assert json.load(answer)["status"] == "ok"


def test_the_cpu_worker_answers_its_health_check(running, here):
    checked = here.check_health(running["cpu-worker"])

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "pong" in checked.stdout


def test_both_workers_know_their_tasks(running, here):
    # Named, since only then the question ends with the last answer.
    names = ",".join(f"{queue}@{os.uname().nodename}" for queue in ("cpu", "gpu"))
    question = ["inspect", "registered", "--json", "--timeout", "30", "--destination", names]
    asked = here.run(running["web"], ["celery", "-A", "stackyard.config.worker", *question])
    workers = json.loads(asked.stdout)

    assert len(workers) == 2
    assert all("stackyard.scoring.tasks.read_and_score" in tasks for tasks in workers.values())


def test_the_image_starts_what_the_file_starts(compose):
    image = (ROOT / "Dockerfile").read_text()
    default = json.loads(re.search(r"^CMD (.*)$", image, re.MULTILINE)[1])

    assert compose["services"]["web"]["command"][: len(default)] == default
    assert "USER stackyard" in image


def test_the_image_copies_only_what_is_there():
    image = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().split()
    copies = [shlex.split(line)[1:-1] for line in image.splitlines() if line.startswith("COPY ") and "--from" not in line]
    sources = {source for words in copies for source in words}

    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert sources.isdisjoint(ignored)


def directives(name: str) -> list[str]:
    return re.findall(rf"^\s*{name} ([^;]+);", (ROOT / "deploy" / "nginx.conf").read_text(), re.MULTILINE)


def test_nginx_takes_slow_clients_upon_itself():
    assert directives("proxy_request_buffering") == ["on"]
    assert directives("proxy_buffering") == ["on"]


def test_nginx_takes_files_as_large_as_the_server_does():
    assert directives("client_max_body_size") == [f"{settings.BLOB_LIMIT_BYTES >> 20}m"]


def test_nginx_waits_longer_than_a_member_may_ask_the_server_to_wait():
    assert all(int(seconds.removesuffix("s")) > 30 for seconds in directives("proxy_read_timeout"))


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed here")
def test_nginx_accepts_its_configuration(tmp_path):
    # Outside the network of the containers the name of the web service means nothing.
    text = (ROOT / "deploy" / "nginx.conf").read_text().replace("server web:8000", "server 127.0.0.1:8000")
    (tmp_path / "nginx.conf").write_text(text.replace("/tmp/nginx.pid", str(tmp_path / "nginx.pid")))
    checked = subprocess.run(["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
