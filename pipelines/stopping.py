"""Being asked to stop: SIGTERM is heard at once and obeyed after the step, so that a machine may vanish without losing more."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: start it again and it goes on."""


GOES_ON = "saved; the same command goes on from here"
ANEW = "images were not all decoded; the same command decodes them anew"


class Stopped(Exception):
    """The run was asked to stop, and has saved what it can go on from; no error of anybody's."""

    def __init__(self, detail: str = GOES_ON) -> None:
        """Say what the next start does."""
        super().__init__(detail)
        self.detail = detail


class StopRequest:
    """Whether someone asked to stop."""

    def __init__(self) -> None:
        """Nobody has."""
        self.asked = False

    def ask(self, signum: int = signal.SIGTERM, frame: FrameType | None = None) -> None:  # noqa: ARG002 - a signal handler's form
        """Ask; asked again, the handler is gone and the second signal ends the process."""
        self.asked = True
        signal.signal(signum, signal.SIG_DFL)

    def obey(self, detail: str = "") -> None:
        """Raise Stopped if somebody asked. detail: what the next start does; none: it goes on from what was saved."""
        if self.asked:
            raise Stopped(detail or GOES_ON)


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
