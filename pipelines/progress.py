"""How a run is going: one JSON object a line for programs, or a bar for people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

BAR_CELLS = 24
LEAST_SECONDS = 1.0

Event = dict[str, Any]
Report = Callable[[Event], None]
"""Takes {"event": "step" | "epoch" | "note" | …, and what is to be told}."""


def nobody(event: Event) -> None:
    """Tell nobody."""


def as_lines(stream: TextIO | None = None) -> Report:
    """Return a report that writes each event as one JSON line, at once."""
    target = stream or sys.stdout

    def report(event: Event) -> None:
        target.write(json.dumps(event, separators=(",", ":")) + "\n")
        target.flush()

    return report


def as_bar(stream: TextIO | None = None) -> Report:
    """Return a report that draws one line anew for each step, and keeps a line for each epoch and note."""
    target = stream or sys.stderr

    def report(event: Event) -> None:
        passing = event["event"] == "step" and target.isatty()
        if event["event"] != "step" or passing:
            target.write(("\r" if target.isatty() else "") + describe(event).ljust(100) + ("" if passing else "\n"))
            target.flush()

    return report


def describe(event: Event) -> str:
    """Return one line on an event.

    >>> describe({"event": "epoch", "fold": 0, "phase": 0, "epoch": 2, "loss": 0.5, "metric": "accuracy_score", "value": 0.9})
    'epoch  fold 0  phase 0  epoch 2  loss 0.5  metric accuracy_score  value 0.9'
    """
    if event["event"] == "step":
        done = round(BAR_CELLS * event["done"])
        bar = "█" * done + "·" * (BAR_CELLS - done)
        speed = f"{event['images_a_second']:,.0f} img/s  {clock(event['eta_seconds'])} left"
        return f"fold {event['fold']} phase {event['phase']} {bar} loss {event['loss']:.4f}  rate {event['rate']:.2g}  {speed}"
    told = [f"{key} {value:.5g}" if isinstance(value, float) else f"{key} {value}" for key, value in event.items() if key != "event"]
    return "  ".join([event["event"], *told])


def clock(seconds: float) -> str:
    """Return hours, minutes and seconds.

    >>> clock(59.6), clock(3725)
    ('1:00', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Pace:
    """How fast steps go by, and when it is time to say so."""

    def __init__(self, steps: int, passed: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        """Begin at a step of a training of so many."""
        self.steps, self.passed, self.now = steps, passed, now
        self.start = self.told = now()
        self.since = passed
        self.images = 0

    def pass_step(self, images: int) -> bool:
        """Count a step of so many images; return whether somebody should be told."""
        self.passed += 1
        self.images += images
        if self.now() - self.told < LEAST_SECONDS:
            return False
        self.told = self.now()
        return True

    def figures(self) -> Event:
        """Return the share that is done, images a second since this process began, and the seconds that are left."""
        seconds = max(self.now() - self.start, 1e-9)
        left = (self.steps - self.passed) * seconds / max(self.passed - self.since, 1)
        done = self.passed / self.steps
        return {"done": round(done, 4), "images_a_second": round(self.images / seconds, 1), "eta_seconds": round(left, 1)}
