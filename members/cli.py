"""`stackyard`: the member's side in the terminal. Every command's body is one call of `members.client`."""

from __future__ import annotations

import sys

import click

from members.cli_competitions import check, competition, create, folds, listing, show
from members.cli_desk import Desk, Outcome, command
from members.cli_ensembles import cancel, ensemble, permuted
from members.cli_options import InOrder, with_examples
from members.cli_predictions import board, export, upload
from members.cli_submissions import rebuild, result, submit
from members.settings import save_login
from members.views import me_view

ABOUT = with_examples(
    """Bring everyone's models together: common folds, uploads, scores, ensembles, submissions.

    Every command takes --json (one JSON document on stdout), and ends with 0 on success, 1 on a named error, 2 on wrong usage.
    """,
    "stackyard login http://127.0.0.1:8000 --token T",
    "stackyard folds spooky -o folds.csv",
    "stackyard upload spooky --name m1 --oof m1_oof.csv --test m1_test.csv",
    "stackyard board spooky",
)


@click.group(cls=InOrder, help=ABOUT, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stackyard", prog_name="stackyard")
def cli() -> None:
    """Take a command."""


@click.command()
@click.argument("url")
@click.option(
    "--token", required=True, envvar="STACKYARD_TOKEN", help="The token, or - to read it from stdin (so that no history keeps it)."
)
@command("stackyard login http://127.0.0.1:8000 --token T")
def login(desk: Desk, url: str, token: str) -> Outcome:
    """Remember a server and a token for later commands.

    They stand in $STACKYARD_HOME/client.json (.stackyard/client.json), which only you can read.
    STACKYARD_URL and STACKYARD_TOKEN, where set, win over them.
    """
    secret = sys.stdin.readline() if token == "-" else token
    with desk.client(url, secret) as client:
        me = client.me()
        path = save_login(client.settings)
        document = {"url": client.settings.url, "path": str(path), **me}
        return Outcome(document, me_view(me, client.settings.url), [f"remembered in {path}, which only you can read"])


@click.command()
@command("stackyard whoami")
def whoami(desk: Desk) -> Outcome:
    """Show who you are to the server.

    Name, team and role, and what the token may do.
    """
    with desk.client() as client:
        me = client.me()
        return Outcome({"url": client.settings.url, **me}, me_view(me, client.settings.url))


def main() -> None:
    """Run the command line."""
    cli(prog_name="stackyard")


COMMANDS: dict[str, click.Command] = {
    "login": login,
    "whoami": whoami,
    "competition": competition,
    "folds": folds,
    "check": check,
    "upload": upload,
    "board": board,
    "ensemble": ensemble,
    "permuted": permuted,
    "cancel": cancel,
    "submit": submit,
    "rebuild": rebuild,
    "result": result,
    "export": export,
}
"""Name -> command."""

COMPETITION_COMMANDS: dict[str, click.Command] = {"create": create, "list": listing, "show": show}
"""Name -> command below `competition`."""

for _name, _command in COMMANDS.items():
    cli.add_command(_command, _name)
for _name, _command in COMPETITION_COMMANDS.items():
    competition.add_command(_command, _name)
