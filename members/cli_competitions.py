"""Commands about competitions: make one, look at it, take its folds, hold a file against its contract."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from members.answers import Check, Competition, FoldsReport
from members.cli_desk import Desk, Outcome, command
from members.cli_options import EMPTY_TAGS, FOLD, INPUT_FILE, OUTPUT_FILE, REPEATS, TEST, InOrder, with_examples
from members.client import Client, EmptyTags, Repeats
from members.foldfiles import SHAPES, Shape
from members.settings import write_atomically
from members.submissions import target_file
from members.views import all_warnings, competition_view, competitions_view

ABOUT = with_examples(
    "Create, list and show competitions.", "stackyard competition create spooky.toml", "stackyard competition show spooky"
)


@click.group(cls=InOrder, help=ABOUT)
def competition() -> None:
    """Take a command."""


@click.command()
@click.argument("spec", type=INPUT_FILE)
@command("stackyard competition create spooky.toml", waits=True)
def create(desk: Desk, spec: Path) -> Outcome:
    """Create a competition from SPEC.toml.

    The files that it names lie beside it. The specification is judged here before anything is sent;
    the server then reads the labels and makes the folds.
    """
    desk.if_interrupted = "If all files were sent, the server goes on: see `stackyard competition list`; else run this again."
    with desk.client() as client, desk.bar() as bar:
        made = client.create_competition(spec, wait=desk.wait, progress=bar)
        return _competition_outcome(made, _report(client, made))


@click.command("list")
@command("stackyard competition list")
def listing(desk: Desk) -> Outcome:
    """List your team's competitions."""
    with desk.client() as client:
        rows = client.competitions()
        return Outcome(rows, competitions_view(rows))


@click.command()
@click.argument("slug")
@command("stackyard competition show spooky")
def show(desk: Desk, slug: str) -> Outcome:
    """Show what a prediction must hold.

    Columns, rows, metric and folds, and how the classes fall into the folds.
    """
    with desk.client() as client:
        found = client.competition(slug)
        shown = _competition_outcome(found, _report(client, found))
        # a competition that was rejected can be looked at all the same
        return Outcome(shown.document, shown.view, [str(fault["detail"]) for fault in shown.faults])


@click.command()
@click.argument("slug")
@click.option("-o", "--output", type=OUTPUT_FILE, metavar="FILE", help="Where to write; without it the folds go to stdout.")
@click.option(
    "--shape",
    type=click.Choice(SHAPES),
    default="csv",
    show_default=True,
    help="csv: a line `id,fold` a row; positions: JSON, the row positions of each fold; lists: JSON, train and val ids a fold.",
)
@command("stackyard folds spooky -o folds.csv")
def folds(desk: Desk, slug: str, output: Path | None, shape: Shape) -> Outcome:
    """Take the common folds.

    Later uploads from this folder say that they were made on these, and are refused if the competition has others by then.
    """
    target = target_file(output) if output else None
    with desk.client() as client:
        taken = client.folds(slug, shape)
    document = {"digest": taken["digest"], "shape": shape, "path": output and str(output), "folds": None if output else taken["folds"]}
    if target is None:
        return Outcome(document, text=taken["text"])
    write_atomically(target, taken["text"].encode())
    return Outcome(document, Text(f"{target}: folds {taken['digest'][:12]}… as {shape}"))


@click.command()
@click.argument("slug")
@click.option("--oof", type=INPUT_FILE, metavar="FILE", help="Out-of-fold predictions: CSV (.gz, .zst), Parquet or .npz.")
@TEST
@FOLD
@REPEATS
@EMPTY_TAGS
@command("stackyard check spooky --oof m1_oof.csv --test m1_test.csv")
def check(desk: Desk, slug: str, oof: Path | None, test: Path | None, fold: int | None, repeats: Repeats, empty_tags: EmptyTags) -> Outcome:
    """Hold files against the contract, without sending them.

    The code is the server's own, and works offline once the contract was fetched. The score is known to the server alone.
    """
    if oof is None and test is None:
        raise click.UsageError("Give --oof, --test, or both.")
    with desk.client() as client:
        found = client.check(slug, oof, test, fold, repeats, empty_tags)
    return Outcome(found, _check_view(found, [path.name for path in (oof, test) if path]), found["notes"], found["errors"])


def _check_view(found: Check, names: list[str]) -> Text | None:
    if found["errors"]:
        return None
    return Text.assemble(("valid", "bold green"), f": {' and '.join(names)} {'keeps' if len(names) == 1 else 'keep'} the contract")


def _report(client: Client, found: Competition) -> FoldsReport | None:
    return client.folds_report(found["slug"]) if found["state"] == "open" else None


def _competition_outcome(found: Competition, report: FoldsReport | None) -> Outcome:
    faults = found["errors"] if found["state"] == "rejected" else []
    document = {**found, "warnings": all_warnings(found, report), "folds_report": report}
    return Outcome(document, competition_view(found, report), faults=faults)
