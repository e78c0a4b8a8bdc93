"""What a long call is doing, step by step, and a bar that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


@dataclass(frozen=True)
class Step:
    """One moment of a long call."""

    sentence: str
    """What is being done, such as "sending oof.parquet"."""
    done: int = 0
    total: int | None = None
    """None where the end is not known: waiting."""
    unit: str = ""
    """"bytes" where done and total count bytes."""


OnStep = Callable[[Step], None]


def ignore_steps(step: Step) -> None:
    """Show nothing."""
    del step


class ProgressBar:
    """A bar on a terminal; where there is none, or none is wanted, nothing at all.

    with ProgressBar(console, shown=True) as bar: client.upload(…, progress=bar)
    """

    def __init__(self, console: Console, shown: bool) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
        )
        # transient: when the work is done, the outcome says it all
        self._bar = Progress(*columns, console=console, transient=True) if shown and console.is_terminal else None
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressBar:
        """Start drawing."""
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Wipe the bar."""
        if self._bar:
            self._bar.stop()

    def __call__(self, step: Step) -> None:
        """Show a step."""
        if not self._bar:
            return
        if self._task is None:
            self._task = self._bar.add_task("", total=None, count="")
        # a sentence may name what other members named: markup in it is only text
        self._bar.update(self._task, description=escape(step.sentence), completed=step.done, total=step.total, count=count_text(step))


def count_text(step: Step) -> str:
    """Return how far a step is, for a reader.

    >>> count_text(Step("sending", 2_500_000, 10_000_000, "bytes")), count_text(Step("fitting", 3, 12)), count_text(Step("waiting"))
    ('2.5 of 10.0 MB', '3 of 12', '')
    """
    if step.total is None:
        return ""
    if step.unit == "bytes":
        return f"{step.done / 1e6:.1f} of {step.total / 1e6:.1f} MB"
    return f"{step.done} of {step.total}"
