"""Options that several commands take, so that they mean the same everywhere; and commands listed in the order of the work."""

from __future__ import annotations

import inspect
from pathlib import Path

import click

INPUT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path)

TEST = click.option("--test", type=INPUT_FILE, metavar="FILE", help="Test predictions; without them a model cannot be submitted.")
FOLD = click.option("--fold", type=click.IntRange(min=0), metavar="K", help="The files are those of this fold only, counted from 0.")
REPEATS = click.option(
    "--repeats", type=click.Choice(["error", "mean"]), default="error", show_default=True, help="Several rows an id: refuse, or average."
)
EMPTY_TAGS = click.option(
    "--empty-tags",
    type=click.Choice(["error", "accept"]),
    default="error",
    show_default=True,
    help="Empty fields of a tag file: refuse, or take as no tag.",
)


def with_examples(text: str, *examples: str) -> str:
    """Return a help text with examples that click leaves on lines of their own (that is what the backspace says to it)."""
    return "\n\n".join([inspect.cleandoc(text), "\b\nExample:\n" + "\n".join(f"  {example}" for example in examples)])


class InOrder(click.Group):
    """A group that lists its commands as they come in the work, and not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were added."""
        del ctx
        return list(self.commands)
