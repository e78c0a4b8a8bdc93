"""Run what reads members' files in a child of its own, with limits on memory, processor time and wall time.

Whatever a hostile file does to a parser, the worker that asked survives and hears of it by a named error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from stackyard.errors import ERRORS, LimitExceeded, StackyardError


@dataclass(frozen=True)
class Limits:
    """What one child may use."""

    memory_bytes: int = 6 << 30
    cpu_seconds: int = 120
    wall_seconds: float = 180.0


def run_limited(do: str, job: dict[str, Any], limits: Limits | None = None) -> dict[str, Any]:
    """Have `stackyard.work.child` do one job, and return its answer.

    do: a name in `stackyard.work.child.JOBS`. job: keyword arguments for it, as JSON.
    Raises the error that the child met, or LimitExceeded when the child died or overran its limits.
    """
    limits = limits or Limits()
    order = {"do": do, "job": job, "memory_bytes": limits.memory_bytes, "cpu_seconds": limits.cpu_seconds}
    environment = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "stackyard.work.child"],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=limits.wall_seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LimitExceeded(f"expected the file to be read within {limits.wall_seconds:g} s; it was not") from error
    return _answer_of(ended, limits)


def _answer_of(ended: subprocess.CompletedProcess[bytes], limits: Limits) -> dict[str, Any]:
    if ended.returncode != 0:
        last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no word"]
        raise LimitExceeded(
            f"expected the file to be read within {limits.memory_bytes >> 20} MiB and {limits.cpu_seconds} s; "
            f"its reader ended with status {ended.returncode} ({last[0][:200]})"
        )
    answer: dict[str, Any] = json.loads(ended.stdout)
    if "error" in answer:
        raise error_from(answer["error"])
    return answer


def error_from(document: dict[str, Any]) -> StackyardError:
    """Return the named error that a JSON error document tells of."""
    return ERRORS.get(document["error"], StackyardError)(document["detail"], document["rows"], document["count"])
