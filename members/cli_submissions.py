"""Commands about submissions: make one, have it made again, write down what came of it."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text

from members.answers import Submission, WrittenFile
from members.cli_desk import Desk, Outcome, command
from members.cli_options import OUTPUT_FILE
from members.output import clean, number


@click.command()
@click.argument("slug")
@click.option(
    "--from", "prediction", required=True, metavar="PREDICTION", help='A scored prediction\'s name, or its id; "owner/name" to be exact.'
)
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, metavar="FILE.csv", help="Where to write the file.")
@click.option("--note", metavar="TEXT", help="Kept beside the submission.")
@command("stackyard submit spooky --from ensemble-1 -o submission.csv")
def submit(desk: Desk, slug: str, prediction: str, output: Path, note: str | None) -> Outcome:
    """Make a submission in the competition's own format.

    It counts against the team's quota of the day.
    """
    desk.if_interrupted = "The submission may have been made all the same: see the team's list of submissions before you ask again."
    with desk.client() as client:
        made = client.submit(slug, prediction, output, note)
    return Outcome(made, _file_view(made), [f"write its results down by `stackyard result {made['id']} --public X`"])


@click.command()
@click.argument("submission", type=int)
@click.option("-o", "--output", type=OUTPUT_FILE, required=True, metavar="FILE.csv", help="Where to write the file.")
@command("stackyard rebuild 1 -o again.csv")
def rebuild(desk: Desk, submission: int, output: Path) -> Outcome:
    """Make a submission again, byte for byte.

    The server makes it from its lineage; other bytes are an error. SUBMISSION is its id.
    """
    with desk.client() as client:
        made = client.rebuild(submission, output)
    return Outcome(made, _file_view(made))


@click.command()
@click.argument("submission", type=int)
@click.option("--public", type=float, metavar="X", help="The public leaderboard's score.")
@click.option("--private", type=float, metavar="Y", help="The private leaderboard's score.")
@command("stackyard result 1 --public 0.29113")
def result(desk: Desk, submission: int, public: float | None, private: float | None) -> Outcome:
    """Write down what the real leaderboard says.

    SUBMISSION is its id; the results stand beside the cross-validated score.
    """
    if public is None and private is None:
        raise click.UsageError("Give --public, --private, or both.")
    with desk.client() as client:
        kept = client.result(submission, public, private)
        return Outcome(kept, _result_view(kept))


def _file_view(made: WrittenFile) -> Text:
    return Text(f"{made['path']}: submission {made['id']}, {made['rows']:,} rows, SHA-256 {made['digest'][:12]}…")


def _result_view(kept: Submission) -> Text:
    name = clean(kept["prediction"]["name"])
    scores = f"CV {number(kept['prediction']['score'])}, public {number(kept['public_score'])}, private {number(kept['private_score'])}"
    return Text(f"Submission {kept['id']} ({name}): {scores}")
