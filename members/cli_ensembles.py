"""Commands about ensembles: stack and blend, watch it, stop it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from members.answers import Ensemble
from members.cli_desk import Desk, Outcome, command
from members.cli_options import INPUT_FILE
from members.output import clean
from members.progress import Step
from members.views import blended_name, ensemble_view, permuted_view


class ManyNames(click.Command):
    """A command whose --only takes every name up to the next option: click's own options take a fixed number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each name, then parse."""
        return super().parse_args(ctx, repeat_option(args, "--only"))


def repeat_option(args: Sequence[str], option: str) -> list[str]:
    """Return arguments with the option before each of its values.

    >>> repeat_option(["spooky", "--only", "m1", "m2", "--json"], "--only")
    ['spooky', '--only', 'm1', '--only', 'm2', '--json']
    """
    spread: list[str] = []
    collecting = False
    for argument in args:
        if collecting and not argument.startswith("-") and spread[-1] != option:
            spread.append(option)
        elif argument.startswith("-"):
            collecting = argument == option or argument.startswith(f"{option}=")
        spread.append(argument)
    return spread


@click.command(cls=ManyNames)
@click.argument("slug")
@click.option("--recipe", type=INPUT_FILE, metavar="FILE.toml", help="level2, blend and decision; without it the server's default.")
@click.option("--only", multiple=True, metavar="NAME...", help="Take only these predictions; one or more names, after SLUG.")
@click.option("--name", metavar="N", help="What the blended prediction is called; else ensemble-1, ensemble-2 and so on.")
@click.option("--permuted", is_flag=True, help="Then learn from permuted labels too: would this recipe find signal in noise?")
@command("stackyard ensemble spooky", "stackyard ensemble spooky --only m1 m2 m3 --name three", waits=True)
def ensemble(desk: Desk, slug: str, recipe: Path | None, only: tuple[str, ...], name: str | None, permuted: bool) -> Outcome:
    """Stack and blend the scored predictions (admins).

    Shows the honest (nested) score beside the in-sample one, and the weights.
    """
    if permuted and not desk.wait:
        raise click.UsageError("--permuted needs the ensemble's end: leave out --no-wait, or use `stackyard permuted ID` later")
    desk.if_interrupted = goes_on = f"The ensemble goes on on the server: see `stackyard board {slug} --level 3`"
    with desk.client() as client, desk.bar() as bar:

        def show(run: Ensemble) -> None:
            desk.if_interrupted = f"{goes_on}, or stop it by `stackyard cancel {run['id']}`."
            progress = run["progress"]
            bar(Step(progress.get("sentence") or run["state"], progress.get("done") or 0, progress.get("total") or None))

        run = client.ensemble(slug, recipe, only, name, wait=desk.wait, on_progress=show)
        if permuted:
            desk.if_interrupted = (
                f"The ensemble is done; the run on permuted labels goes on: `stackyard permuted {run['id']}` shows the next."
            )
            run = client.permuted(run["id"], on_progress=lambda run: bar(_permuted_step(run)))
    view = ensemble_view(run) if run["state"] == "done" else _begun_view(run)
    return Outcome(ensemble_document(run), view, run.get("notes", []))


@click.command()
@click.argument("ensemble", type=int)
@click.option("--runs", type=click.IntRange(2, 50), metavar="N", help="How many permutations; 5 where it is not given.")
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="What their order is drawn by.")
@command("stackyard permuted 3", waits=True)
def permuted(desk: Desk, ensemble: int, runs: int | None, seed: int | None) -> Outcome:
    """Learn from permuted labels by a finished ensemble's recipe (admins).

    There is nothing to find in them: a nested score better than chance means that the recipe leaks. ENSEMBLE is its id. Nothing ranks.
    """
    desk.if_interrupted = "The run goes on on the server, and the ensemble's page shows what comes of it."
    with desk.client() as client, desk.bar() as bar:
        run = client.permuted(ensemble, runs, seed, wait=desk.wait, on_progress=lambda run: bar(_permuted_step(run)))
    return Outcome(ensemble_document(run), permuted_view(run) if desk.wait else _begun_view(run))


def _permuted_step(run: Ensemble) -> Step:
    progress = run["permuted"]["progress"]
    return Step(progress.get("sentence") or run["permuted"]["state"], progress.get("done") or 0, progress.get("total") or None)


@click.command()
@click.argument("ensemble", type=int)
@command("stackyard cancel 3")
def cancel(desk: Desk, ensemble: int) -> Outcome:
    """Stop an ensemble that queues or runs (admins).

    ENSEMBLE is its id.
    """
    with desk.client() as client:
        run = client.cancel(ensemble)
        return Outcome(ensemble_document(run), Text(f"{clean(run['name'])}: {run['state']}, asked to stop"))


def ensemble_document(run: Ensemble) -> dict[str, Any]:
    """Return what scripts rely on: `name` is the blended prediction that can be submitted, `score` is nested."""
    return {**run, "name": blended_name(run)}


def _begun_view(run: Ensemble) -> Text:
    return Text(f"{clean(run['name'])} (id {run['id']}): {run['state']}")
