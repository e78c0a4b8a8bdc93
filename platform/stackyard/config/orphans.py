"""No process outlives the one that started it, however that one dies."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

PR_SET_PDEATHSIG = 1
# Looked up before any fork: a child between fork and exec should do next to nothing.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies, even by SIGKILL. Only Linux can; elsewhere nothing is asked.

    parent: the process id of the one that started this process; when that one is already gone, this process ends at once.
    """
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def start_child(
    command: Sequence[str], environment: Mapping[str, str], files: Sequence[int] = (), log: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program that dies with this process, in a session of its own: a Ctrl-C in the terminal reaches this process only.

    environment: what is added to this process's own. files: open files that it takes over. log: where it prints, else on this terminal.
    """
    me = os.getpid()
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log and subprocess.STDOUT,
        env={**os.environ, **environment},
        pass_fds=tuple(files),
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(me),  # noqa: PLW1509 - called where no other thread runs; the kernel must know before exec
    )
