"""Folds in processes of their own, some at a time: what pays on a CPU, where one training cannot keep all cores busy."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.errors import ERRORS, PipelineError
from pipelines.progress import Event, Report
from pipelines.stopping import EXIT_CODE, Stopped, StopRequest

LOOK_SECONDS = 0.2


@dataclass
class Child:
    """A process that trains one fold, and the thread that passes on what it tells."""

    process: subprocess.Popen[str]
    report: Report
    error: Event = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin to listen."""
        self.ear = threading.Thread(target=self._listen, daemon=True)
        self.ear.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line)
            if "error" in event:
                self.error = event
            elif event.get("event") not in {"done", "stopped"}:
                self.report(event)

    def close(self) -> None:
        """Wait for the process's end and for its last words."""
        self.process.wait()
        self.ear.join()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def judge(self) -> None:
        """Raise what ended a process that is over; nothing where it ended well."""
        self.close()
        if self.process.returncode == EXIT_CODE:
            raise Stopped
        if self.error:
            raise ERRORS.get(self.error["error"], PipelineError)(self.error["detail"])
        if self.process.returncode:
            raise PipelineError(f"expected the training of a fold to end well, got exit code {self.process.returncode}")


def train_in_processes(command: Sequence[str], folds: Sequence[int], jobs: int, threads: int, report: Report, request: StopRequest) -> None:
    """Run `python -m pipelines COMMAND --json --fold K --threads N` for each fold, so many at a time, which share the threads.

    The last fold gets no more threads than the others, though cores may be idle then: with a thread a core, a training that meets any
    other program runs at a tenth of its speed.
    Raises what a process ended in, once the others are stopped and have saved.
    """
    share = str(max(1, threads // jobs))
    waiting, running = list(folds), list[Child]()
    lock = threading.Lock()

    def one_by_one(event: Event) -> None:
        with lock:
            report(event)

    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                fold = str(waiting.pop(0))
                running.append(Child(_start([*command, "--json", "--fold", fold, "--threads", share]), one_by_one))
            _wait(running[0].process)
            for child in [child for child in running if child.process.poll() is not None]:
                running.remove(child)
                child.judge()
            if request.asked:
                raise Stopped
    finally:
        for child in running:
            child.process.terminate()
        for child in running:
            child.close()


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    # a session of their own: Ctrl-C reaches this process alone, which passes it on once
    return subprocess.Popen([sys.executable, "-m", "pipelines", *command], stdout=subprocess.PIPE, text=True, start_new_session=True)


def _wait(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return
