"""Being asked to stop: SIGTERM is heard at once and obeyed after the step, so that a machine may vanish without losing more."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: start it again and it goes on."""


class Stopped(Exception):
    """The run was asked to stop, and has saved its state; no error of anybody's."""


class StopRequest:
    """Whether someone asked to stop."""

    def __init__(self) -> None:
        """Nobody has."""
        self.asked = False

    def ask(self, signum: int = signal.SIGTERM, frame: FrameType | None = None) -> None:  # noqa: ARG002 - a signal handler's form
        """Ask; asked again, the handler is gone and the second signal ends the process."""
        self.asked = True
        signal.signal(signum, signal.SIG_DFL)


@contextmanager
def listen() -> Iterator[StopRequest]:
    """Turn SIGTERM and Ctrl-C into a request while this lasts."""
    request = StopRequest()
    before = {number: signal.signal(number, request.ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
