"""What a check found: a warning with numbers. It never blocks anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

INFO, WARNING, SEVERE = SEVERITIES = ("info", "warning", "severe")


@dataclass(frozen=True)
class Finding:
    """One thing that somebody should look at."""

    kind: str
    """A key of diagnostics.CHECKS."""
    severity: str
    """info: good to know. warning: look at it. severe: scores that rank are probably false, or predictions probably lost."""
    sentence: str
    """What was found, with its numbers, for people."""
    numbers: dict[str, Any] = field(default_factory=dict)
    """The same numbers by name, plain JSON."""
    models: tuple[int, ...] = ()
    """Places of the models concerned, in the order in which they were given."""


def listed(names: list[str]) -> str:
    """Return names as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
