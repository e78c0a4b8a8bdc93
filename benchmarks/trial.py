"""A trial: a training or a comparison of our own, measured on its own terms, with a goal instead of a peer in another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.benchmark import Check


@dataclass(frozen=True)
class Finding:
    """What a trial found."""

    seconds: float
    met: bool
    """Whether the goal was reached; a tiny run's means nothing."""
    check: Check
    data: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Such as ratio, peer, oof_accuracy, oof_log_loss, identical."""
    note: str = ""


@dataclass(frozen=True)
class Trial:
    """What is tried, and what was set as its goal."""

    name: str
    work: str
    goal: str
    run: Callable[[bool], Finding]
    """Called with whether a tiny size will do."""
    always: bool = True
    """False for what takes many minutes: it runs by name, not with all others."""


class CannotRun(Exception):
    """The trial needs what this machine does not have; the message says what."""


def try_out(trial: Trial, tiny: bool = False) -> dict[str, Any]:
    """Run a trial; return what the JSON and the page say."""
    outcome = {"name": trial.name, "work": trial.work, "goal": trial.goal, "tiny": tiny}
    try:
        finding = trial.run(tiny)
    except CannotRun as error:
        return outcome | {
            "seconds": None,
            "met": False,
            "checked": False,
            "check": "",
            "data": "",
            "figures": {},
            "note": f"not run: {error}",
        }
    met = finding.met and finding.check.passed
    told = {"seconds": finding.seconds, "met": met, "checked": finding.check.passed, "check": finding.check.how}
    # the figures stand beside the other keys too, where scripts look for them
    return {**finding.figures, **outcome, **told, "data": finding.data, "figures": dict(finding.figures), "note": finding.note}
