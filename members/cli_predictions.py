"""Commands about predictions: upload them, see how they rank, take all of them away."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from members.cli_desk import Desk, Outcome, command
from members.cli_options import EMPTY_TAGS, FOLD, INPUT_FILE, REPEATS, TEST
from members.client import EmptyTags, Repeats
from members.exporting import Format
from members.views import board_view, prediction_view


@click.command()
@click.argument("slug")
@click.option("--name", required=True, metavar="N", help="The model's name; the same name again makes a new version.")
@click.option("--variant", default="", metavar="V", help="Such as 1crop or tta.")
@click.option("--oof", type=INPUT_FILE, required=True, metavar="FILE", help="Out-of-fold predictions: CSV (.gz, .zst), Parquet or .npz.")
@TEST
@FOLD
@click.option("--recipe", type=INPUT_FILE, metavar="FILE.json", help="How it was made: any JSON object.")
@REPEATS
@EMPTY_TAGS
@command("stackyard upload spooky --name m1 --oof m1_oof.csv --test m1_test.csv", waits=True)
def upload(
    desk: Desk,
    slug: str,
    name: str,
    variant: str,
    oof: Path,
    test: Path | None,
    fold: int | None,
    recipe: Path | None,
    repeats: Repeats,
    empty_tags: EmptyTags,
) -> Outcome:
    """Upload one model's predictions and wait for its score.

    Files are sent in pieces; a broken connection goes on where it stopped, and what the server holds already is not sent again.
    """
    desk.if_interrupted = (
        f"If all was sent, the server goes on: see `stackyard board {slug}`; else run this again, and it goes on where it stopped."
    )
    with desk.client() as client, desk.bar() as bar:
        made = client.upload(
            slug,
            name=name,
            oof=oof,
            test=test,
            variant=variant,
            fold=fold,
            recipe=recipe,
            repeats=repeats,
            empty_tags=empty_tags,
            wait=desk.wait,
            progress=bar,
        )
    rejected = made["state"] == "rejected"
    return Outcome(made, None if rejected else prediction_view(made), made["notes"], made["errors"] if rejected else [])


@click.command()
@click.argument("slug")
@click.option("--level", type=click.IntRange(min=1), metavar="L", help="Only this level: 1 uploads, 2 second-level models, 3 blends.")
@command("stackyard board spooky --level 1")
def board(desk: Desk, slug: str, level: int | None) -> Outcome:
    """Show the leaderboard, best first."""
    with desk.client() as client:
        rows = client.board(slug, level)
        return Outcome(rows, None if desk.as_json else board_view(rows, client.competition(slug)))


@click.command()
@click.argument("slug")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR", help="The folder to write into."
)
@click.option(
    "--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True, help="Of the aligned predictions."
)
@command("stackyard export spooky -o spooky-export")
def export(desk: Desk, slug: str, output: Path, kind: Format) -> Outcome:
    """Write everything into a folder of plain files.

    Folds in all shapes, contract, leaderboard, all aligned predictions, and a manifest with digests.
    An export that was broken off goes on: files that are there and whole are not fetched again.
    """
    desk.if_interrupted = "What was written is whole; run this again, and it goes on."
    with desk.client() as client, desk.bar() as bar:
        made = client.export(slug, output, kind, bar)
    sentence = f"{made['path']}: {made['predictions']} predictions, {made['files']} files ({made['kept']} were there already)"
    return Outcome(made, Text(sentence))
