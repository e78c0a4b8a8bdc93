"""What all commands share: --json, -q, --no-wait; one outcome, shown to a person or to a script; exit codes."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
import httpx
from rich.console import Console, RenderableType
from rich.text import Text
from stackyard.errors import StackyardError

from members.answers import Fault
from members.cli_options import with_examples
from members.client import Client
from members.output import clean, faults_view, make_console
from members.progress import ProgressBar
from members.wire import Sleep

FAILED, INTERRUPTED = 1, 130


@dataclass(frozen=True)
class Setup:
    """What tests put in place of the network."""

    transport: httpx.BaseTransport | None = None
    sleep: Sleep = time.sleep


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    document: Any
    """What a script reads."""
    view: RenderableType | None = None
    """What a person reads on stdout."""
    notes: Sequence[str] = ()
    """Remarks for a person, on stderr."""
    faults: Sequence[Fault] = ()
    """Reasons why it failed, on stderr; any makes the exit code 1."""
    text: str = ""
    """What a pipe reads on stdout, byte for byte, in place of a view."""


@dataclass
class Desk:
    """One command's way to the server and to its caller."""

    setup: Setup
    as_json: bool
    quiet: bool
    wait: bool
    slug: str | None = None
    if_interrupted: str = "Nothing was left half done."
    out: Console = field(default_factory=lambda: make_console(stderr=False))
    err: Console = field(default_factory=lambda: make_console(stderr=True))

    def client(self, url: str | None = None, token: str | None = None) -> Client:
        """Return a client; address and token come from the environment or the login unless given."""
        return Client(url, token, transport=self.setup.transport, sleep=self.setup.sleep)

    def bar(self) -> ProgressBar:
        """Return a progress bar on stderr; it shows nothing unless that is a terminal."""
        return ProgressBar(self.err, shown=not self.quiet)

    def show(self, outcome: Outcome) -> None:
        """Print an outcome: to a script as one JSON document, to a person as a view; failures and remarks go to stderr."""
        if self.as_json:
            click.echo(json.dumps(outcome.document, indent=2, ensure_ascii=False))
        elif outcome.text:
            click.echo(outcome.text, nl=False)
        elif outcome.view is not None:
            self.out.print(outcome.view)
        if not self.quiet:
            for note in outcome.notes:
                self.err.print(Text.assemble(("Note: ", "bold"), clean(note)))
        if outcome.faults:
            self.err.print(faults_view(outcome.faults, self.slug))


def command(*examples: str, waits: bool = False) -> Callable[[Callable[..., Outcome]], Callable[..., None]]:
    """Make a function (desk, **arguments) -> Outcome the body of a command.

    examples: shown in its help.
    waits: the command waits for the server; --no-wait is then shown in its help (and taken in silence by all others).
    """

    def wrap(body: Callable[..., Outcome]) -> Callable[..., None]:
        @click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout, and nothing else there.")
        @click.option("--no-wait", is_flag=True, hidden=not waits, help="Return at once; the server works on.")
        @click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks: only the result, or the error.")
        @functools.wraps(body)
        def run(as_json: bool, no_wait: bool, quiet: bool, **arguments: Any) -> None:
            ctx = click.get_current_context()
            desk = Desk(ctx.obj or Setup(), as_json, quiet, wait=not no_wait, slug=arguments.get("slug"))
            try:
                outcome = body(desk, **arguments)
            except StackyardError as error:
                outcome = Outcome(error.as_json(), faults=[error.as_json()])
            except OSError as error:
                # this machine's own trouble: a full disk, a folder that may not be written
                fault: Fault = {"error": type(error).__name__, "detail": str(error), "count": 0, "rows": []}
                outcome = Outcome(fault, faults=[fault])
            except KeyboardInterrupt:
                desk.err.print(Text(f"Interrupted. {desk.if_interrupted}"))
                ctx.exit(INTERRUPTED)
            desk.show(outcome)
            ctx.exit(FAILED if outcome.faults else 0)

        run.__doc__ = with_examples(body.__doc__ or "", *examples)
        return run

    return wrap
