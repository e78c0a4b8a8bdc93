"""Starts the parts of the stack, keeps them alive, and stops them so that none is left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stackyard.config.orphans import start_child

START_SECONDS = 60
GRACE_SECONDS = 8
LOOK_EVERY_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30
# A part that served this long was healthy: its next failure is a first one.
HEALTHY_SECONDS = 60
LAST_LINES = 12


class PartFailedError(Exception):
    """A part of the stack ended, or kept silent, before it ever served."""


@dataclass(frozen=True)
class Part:
    """One program of the stack: how it is started, and how to tell that it serves."""

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    # Open files that the program takes over, such as a listening socket.
    files: tuple[int, ...] = ()
    # A file by which an earlier process of this part said that it was ready.
    ready_file: Path | None = None


class Child:
    """A part and the process that runs it at present."""

    def __init__(self, part: Part, logs: Path) -> None:
        """Start the part's first process; the log of the run before is kept beside the new one."""
        self.part = part
        self.log = logs / f"{part.name}.log"
        if self.log.exists():
            self.log.replace(logs / f"{part.name}.1.log")
        self.failures = 0
        self.start()

    def start(self) -> None:
        """Start a process for the part."""
        if self.part.ready_file:
            self.part.ready_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = start_child(self.part.command, self.part.environment, self.part.files, log)
        self.started_at = time.monotonic()
        self.restart_at: float | None = None
        self.serves = False

    def has_ended(self) -> bool:
        """Tell whether the process is no more."""
        return self.process.poll() is not None

    def plan_restart(self) -> float:
        """Return after how many seconds to start again: twice as long for each failure in a row."""
        now = time.monotonic()
        if now - self.started_at > HEALTHY_SECONDS:
            self.failures = 0
        pause = min(FIRST_PAUSE_SECONDS * 2**self.failures, LONGEST_PAUSE_SECONDS)
        self.failures += 1
        self.restart_at = now + pause
        return pause

    def how_it_ended(self) -> str:
        """Say in words what ended the process, with its last words where it had any."""
        code = self.process.returncode
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        return f"ended with status {code}\n{self.last_words()}"

    def last_words(self) -> str:
        """Return the last lines of the log, indented, and where the whole log is."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([*(f"      | {line}" for line in lines), f"      its log: {self.log}"])

    def ask_to_end(self) -> None:
        """Ask the process to finish what it is at and end."""
        if not self.has_ended():
            self.process.terminate()

    def see_off(self, deadline: float, hurry: threading.Event) -> None:
        """Wait until the process has ended; at the deadline or when in a hurry, and for what it left in its session, kill."""
        while not self.has_ended() and time.monotonic() < deadline and not hurry.wait(LOOK_EVERY_SECONDS):
            pass
        self.kill()

    def kill(self) -> None:
        """Kill the process and all that it started in its session."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


class Supervisor:
    """Keeps the parts of one stack; told to stop, by a signal, through `stopping`."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        """logs: the folder for one log a part. say: prints a line for whoever looks on."""
        logs.mkdir(parents=True, exist_ok=True)
        self.logs = logs
        self.say = say
        self.tiers: list[list[Child]] = []
        self.stopping = threading.Event()
        self.hurry = threading.Event()

    def heed_signals(self) -> None:
        """Stop in order on Ctrl-C, SIGTERM and a closed terminal; a second such signal stops without grace."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop_soon())

    def stop_soon(self) -> None:
        """Note that the stack is to stop."""
        if self.stopping.is_set():
            self.hurry.set()
        self.stopping.set()

    @property
    def children(self) -> list[Child]:
        """Every part, the first one started first."""
        return [child for tier in self.tiers for child in tier]

    def start(self, *parts: Part) -> None:
        """Start parts that do not need each other, without waiting for them; those started later may need them."""
        self.tiers.append([])
        for part in parts:
            self.tiers[-1].append(Child(part, self.logs))

    def wait_until_ready(self) -> None:
        """Wait until every part serves, and say so for each. Raises PartFailedError when one does not."""
        deadline = time.monotonic() + START_SECONDS
        while not self.stopping.is_set():
            for child in self._silent():
                if child.has_ended():
                    raise PartFailedError(f"{child.part.name} {child.how_it_ended()}")
                if time.monotonic() > deadline:
                    raise PartFailedError(f"{child.part.name} did not serve within {START_SECONDS} s\n{child.last_words()}")
                if child.part.is_ready():
                    child.serves = True
                    self.say(f"  {child.part.name} is ready ({time.monotonic() - child.started_at:.1f} s)")
            if not self._silent():
                return
            self.stopping.wait(LOOK_EVERY_SECONDS)

    def tend(self) -> None:
        """Look at every part once: start again what ended, say when it serves again. Call it often."""
        now = time.monotonic()
        for child in self.children:
            if child.restart_at is not None:
                if now >= child.restart_at:
                    child.start()
                    self.say(f"{child.part.name} was started again as process {child.process.pid}")
            elif child.has_ended():
                child.kill()
                pause = child.plan_restart()
                self.say(f"{child.part.name} {child.how_it_ended()}\n{child.part.name} will be started again in {pause:g} s")
            elif not child.serves and child.part.is_ready():
                child.serves = True
                self.say(f"{child.part.name} is ready again")

    def rest(self) -> None:
        """Let a moment pass; a signal to stop ends it."""
        self.stopping.wait(LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        """Stop the parts, the last ones started first; those started together end together."""
        while self.tiers:
            tier = self.tiers.pop()
            for child in tier:
                child.ask_to_end()
            deadline = time.monotonic() + GRACE_SECONDS
            for child in tier:
                child.see_off(deadline, self.hurry)

    def _silent(self) -> list[Child]:
        return [child for child in self.children if not child.serves]
