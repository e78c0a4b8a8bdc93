"""`manage.py up`: the whole stack in one terminal."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from stackyard.accounts.models import Membership
from stackyard.config.embedded import HomeInUseError, broker_part, listen, lock_home, sign_lock, url_of, web_part, worker_parts
from stackyard.config.orphans import start_child
from stackyard.config.supervisor import PartFailedError, Supervisor

# The demonstration world is a program like a member's: it meets the server over HTTP only.
DEMO = (sys.executable, "-m", "stackyard.demo")


class Command(BaseCommand):
    """Start everything, say when it is ready, keep it alive, and leave nothing behind."""

    help = "Run the whole stack in this terminal until Ctrl-C; DATABASE_URL and BROKER_URL replace the embedded database and broker."
    requires_system_checks: list[str] = []  # They cost a second, and `make check` runs them.

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the options."""
        parser.add_argument("--port", type=int, help="the port to listen on (default: 8000, or a free one when that is taken)")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine only)")
        # Read by manage.py before the settings are loaded; named here for --help.
        parser.add_argument("--home", help="the folder for all data (default: $STACKYARD_HOME, else ./.stackyard)")
        parser.add_argument("--demo", action="store_true", help="run the demonstration once everything is ready")
        parser.add_argument("--exit", action="store_true", help="with --demo: stop when it is done, and exit with its status")

    def handle(self, *, port: int | None, host: str, demo: bool, exit: bool, **_: Any) -> None:  # noqa: A002 - the option's name
        """Take the home and the port, then run."""
        if exit and not demo:
            raise CommandError("expected --demo beside --exit, got --exit alone")
        try:
            lock = lock_home(settings.HOME)
            listener = listen(host, port)
        except HomeInUseError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"cannot listen on {host} port {port}: {error.strerror}") from error
        with lock, listener:
            status = Stack(settings.HOME, self).run(lock, listener, demo=demo, leave=exit)
        if status:
            sys.exit(status)


class Stack:
    """One run of the whole stack on one home."""

    def __init__(self, home: Path, command: BaseCommand) -> None:
        """home: the folder for data, logs and sockets. command: where lines are printed."""
        self.home = home
        self.command = command
        self.supervisor = Supervisor(home / "logs", self.say)

    def say(self, line: str) -> None:
        """Print a line at once. When nobody reads any longer (a closed terminal, a pipe's end) the stack goes on in silence."""
        try:
            self.command.stdout.write(line)
            self.command.stdout.flush()
        except OSError:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, sys.stdout.fileno())
            os.close(silence)

    def run(self, lock: IO[str], listener: socket.socket, *, demo: bool, leave: bool) -> int:
        """Start, serve and stop; return the exit status."""
        started = time.monotonic()
        self.supervisor.heed_signals()
        try:
            self.start(listener)
            if self.supervisor.stopping.is_set():
                return 0
            sign_lock(lock, {"pid": os.getpid(), "url": url_of(listener)})
            self.say_how_to_begin(demo)
            connection.close()
            self.say(f"Ready {url_of(listener)} ({time.monotonic() - started:.1f} s; data in {self.home}; Ctrl-C stops everything)")
            return self.serve(self.start_demo(url_of(listener)) if demo else None, leave=leave)
        except PartFailedError as error:
            raise CommandError(str(error)) from error
        finally:
            self.say("Stopping")
            self.supervisor.stop()
            self.say("Stopped; nothing is left running")

    def start(self, listener: socket.socket) -> None:
        """Start what is not given from outside, in the order in which the parts need each other, and wait until all serve."""
        self.say(f"Stackyard starts on {self.home}")
        if settings.BROKER_URL:
            self.say("  broker: the one that BROKER_URL names")
        else:
            part, os.environ["BROKER_URL"] = broker_part(self.home)
            self.supervisor.start(part)
        migrate(self.say)
        self.supervisor.start(web_part(listener), *worker_parts(self.home))
        self.supervisor.wait_until_ready()

    def say_how_to_begin(self, demo: bool) -> None:
        """Tell a first-time user how to get in, and where the page is missing."""
        if settings.WHITENOISE_ROOT is None:
            self.say("  The page is not built, only the API answers: `make setup` builds it.")
        if not demo and not Membership.objects.exists():
            home = f"STACKYARD_HOME={self.home} " if "STACKYARD_HOME" in os.environ else ""
            self.say("  Nobody is a member yet. Make the first administrator, in another terminal:")
            self.say(f"    {home}{sys.executable} manage.py create_member NAME --team TEAM --role admin --print-token")

    def start_demo(self, url: str) -> subprocess.Popen[bytes]:
        """Start the demonstration; it prints on this terminal."""
        return start_child(DEMO, {"STACKYARD_URL": url, "STACKYARD_HOME": str(self.home)})

    def serve(self, demo: subprocess.Popen[bytes] | None, *, leave: bool) -> int:
        """Keep the parts alive until told to stop, or until the demonstration is done where it is to end the run; return the status."""
        while not self.supervisor.stopping.is_set():
            self.supervisor.tend()
            self.supervisor.rest()
            if demo is not None and demo.poll() is not None:
                if leave:
                    return demo.returncode
                outcome = "is done" if demo.returncode == 0 else f"failed with status {demo.returncode}"
                self.say(f"The demonstration {outcome}; the server goes on until Ctrl-C")
                demo = None
        if demo is not None:
            demo.terminate()
            demo.wait()
            return 130 if leave else 0
        return 0


def migrate(say: Any) -> None:
    """Bring the database's tables up to date, and say what was done. Raises PartFailedError when the database does not answer."""
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise PartFailedError(f"the database does not answer: {error}") from error
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    say(f"  {connection.display_name}: {f'{len(plan)} migrations applied' if plan else 'up to date'}")
