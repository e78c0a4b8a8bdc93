"""Waiting for work that goes on on the server: ask, ask less often, stop when it is settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from members.wire import Sleep

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 2.0
GROWTH = 1.5


def wait_until(
    answer: Answer, ask: Callable[[], Answer], settled: Callable[[Answer], bool], show: Callable[[Answer], Any], sleep: Sleep
) -> Answer:
    """Return the first answer that is settled, beginning with the one at hand; each is shown."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        show(answer)
        if settled(answer):
            return answer
        sleep(pause)
        pause = min(pause * GROWTH, LAST_PAUSE_SECONDS)
        answer = ask()
