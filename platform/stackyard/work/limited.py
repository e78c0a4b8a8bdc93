"""Run what reads members' files in a child of its own, with limits on memory, processor time and wall time.

Whatever a hostile file does to a parser, the worker that asked survives and hears of it by a named error.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any

from stackyard.errors import ERRORS, LimitExceeded, StackyardError


@dataclass(frozen=True)
class Limits:
    """What one child may use."""

    memory_bytes: int = 6 << 30
    cpu_seconds: int = 120
    wall_seconds: float = 180.0


class Nursery:
    """The process that forks a limited child for each job; started when first needed, started anew when it died."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.owner = 0
        self.lock = threading.Lock()

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return {"status", "answer"} of one job; raise LimitExceeded where the nursery itself died of it."""
        with self.lock:
            process = self._running()
            try:
                process.stdin.write(json.dumps(order) + "\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
                line = process.stdout.readline()  # type: ignore[union-attr]
            except BrokenPipeError:
                line = ""
        if not line:
            raise LimitExceeded("expected the file to be read; its reader's parent process died")
        told: dict[str, Any] = json.loads(line)
        return told

    def _running(self) -> subprocess.Popen[str]:
        # A worker's pool forks: a nursery of the parent's would be shared by its children, who would read each other's answers.
        if self.process is None or self.owner != os.getpid() or self.process.poll() is not None:
            self.process, self.owner = _start(), os.getpid()
        return self.process


def _start() -> subprocess.Popen[str]:
    one_thread = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-m", "stackyard.work.child"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **one_thread})
    atexit.register(_stop, process)
    return process


def _stop(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()


NURSERY = Nursery()


def run_limited(do: str, job: dict[str, Any], limits: Limits | None = None) -> dict[str, Any]:
    """Have a fork of `stackyard.work.child` do one job, and return its answer.

    do: a name in `stackyard.work.child.JOBS`. job: keyword arguments for it, as JSON.
    Raises the error that the child met, or LimitExceeded when the child died or overran its limits.
    """
    limits = limits or Limits()
    told = NURSERY.ask({"do": do, "job": job, **asdict(limits)})
    if told["status"] is None:
        raise LimitExceeded(f"expected the file to be read within {limits.wall_seconds:g} s; it was not")
    if told["status"] != 0:
        raise LimitExceeded(
            f"expected the file to be read within {limits.memory_bytes >> 20} MiB and {limits.cpu_seconds} s; "
            f"its reader ended with status {told['status']}"
        )
    answer: dict[str, Any] = told["answer"]
    if "error" in answer:
        raise error_from(answer["error"])
    return answer


def error_from(document: dict[str, Any]) -> StackyardError:
    """Return the named error that a JSON error document tells of."""
    return ERRORS.get(document["error"], StackyardError)(document["detail"], document["rows"], document["count"])
