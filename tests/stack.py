"""A whole stack of real processes for tests: `manage.py up` on a home of its own."""

from __future__ import annotations

import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psutil
import psycopg

ROOT = Path(__file__).resolve().parents[1]
# What a slow machine may take; nothing is judged by time.
PATIENCE_SECONDS = 60
# A word of each part's command line that no other part's has.
PARTS = {"broker": "valkey-server", "web": "uvicorn", "cpu-worker": "cpu@%h", "gpu-worker": "gpu@%h"}

SPACES = itertools.count()


class StackFailedError(RuntimeError):
    """The stack did not say what a test waits for."""


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what tests set for themselves."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE"}}
    return {**kept, **more}


def outside_services() -> dict[str, str]:
    """Return DATABASE_URL and BROKER_URL of a fresh database and a broker of one's own where TEST_… name servers."""
    addresses = {}
    if database := os.environ.get("TEST_DATABASE_URL"):
        addresses["DATABASE_URL"] = make_database(database)
    if broker := os.environ.get("TEST_BROKER_URL"):
        addresses["BROKER_URL"] = own_broker(broker)
    return addresses


def make_database(server: str) -> str:
    """Create an empty database on a Postgres server, and return its address."""
    name = f"stackyard_{uuid4().hex[:12]}"
    with psycopg.connect(urlunsplit(urlsplit(server)._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def own_broker(server: str) -> str:
    """Return the address of a numbered space on a Redis or Valkey server that no other test process uses; other brokers as they are."""
    if not server.startswith("redis"):
        return server
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlunsplit(urlsplit(server)._replace(path=f"/{int(worker) * 8 + next(SPACES) % 8}"))


class Stack:
    """One `manage.py up`, what it prints, and the processes that it keeps."""

    def __init__(self, home: Path, *options: str, services: dict[str, str] | None = None) -> None:
        """Start it, without waiting. services: DATABASE_URL and BROKER_URL where they come from outside."""
        self.home = home
        self.environment = clean_environment(STACKYARD_HOME=str(home), **(services or {}))
        self.lines: queue.Queue[str | None] = queue.Queue()
        self.said: list[str] = []
        self.url = ""
        command = [sys.executable, "manage.py", "up", *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put(None)

    def wait_for(self, words: str) -> str:
        """Read on until a line holds these words, and return it."""
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise StackFailedError(f"expected a line with {words!r}, got:\n" + "\n".join(self.said))
            self.said.append(line)
            if words in line:
                return line

    def wait_until_ready(self) -> Stack:
        """Wait for the line that says so, and take its address."""
        self.url = self.wait_for("Ready ").split()[1]
        return self

    def wait_for_the_end(self) -> int:
        """Wait until it has ended by itself, and return its status."""
        return self.process.wait(PATIENCE_SECONDS)

    def part(self, name: str) -> psutil.Process:
        """Return the main process of a part (a key of PARTS)."""
        return next(child for child in psutil.Process(self.process.pid).children() if PARTS[name] in " ".join(child.cmdline()))

    def processes(self) -> list[psutil.Process]:
        """Return every process below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self, name: str) -> None:
        """Kill a part's main process as a crash or the kernel would."""
        self.part(name).send_signal(signal.SIGKILL)

    def manage(self, *words: str) -> str:
        """Run a command of manage.py on this home, and return what it printed."""
        command = [sys.executable, "manage.py", *words]
        ended = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise StackFailedError(f"{' '.join(words)} failed: {ended.stderr}")
        return ended.stdout

    def create_member(self, name: str, team: str, role: str = "member") -> str:
        """Make a member, and return their token."""
        return self.manage("create_member", name, "--team", team, "--role", role, "--print-token").strip()

    def end(self, number: signal.Signals) -> tuple[int, list[psutil.Process]]:
        """Send the supervisor a signal; return its status, and which of its processes live on."""
        processes = self.processes()
        assert len(processes) >= 6, "expected web, two workers, two pool processes and a clock at least"
        self.process.send_signal(number)
        return self.wait_for_the_end(), psutil.wait_procs(processes, PATIENCE_SECONDS)[1]

    def stop(self) -> None:
        """End it as Ctrl-C does, whatever state it is in."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE_SECONDS)
        finally:
            self.process.kill()
            self.reader.join()
            assert self.process.stdout is not None
            self.process.stdout.close()
