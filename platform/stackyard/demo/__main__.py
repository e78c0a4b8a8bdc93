"""The main job, end to end, on real data: `python -m stackyard.demo`, against the server at STACKYARD_URL.

A team of three, a competition, six models trained on the common folds and uploaded through the real client, an ensemble,
a submission, and its true score on the held-back rows beside the one that cross-validation promised.
"""

from __future__ import annotations

import io
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from members.client import Client
from rich.console import Console

from stackyard.demo.learners import LEARNERS, Learner, train
from stackyard.demo.world import SLUG, World, make_world, score_on_held_back, write_competition
from stackyard.errors import NotFound, StackyardError

TEAM = "demo"
ROLES = {"ada": "admin", "boris": "member", "chen": "member"}
console = Console(highlight=False)


def say(started: float, sentence: str) -> None:
    """Print one step, with the seconds since the start."""
    console.print(f"[dim]{time.monotonic() - started:5.1f} s[/dim]  {sentence}")


def make_clients(url: str, password: str) -> dict[str, Client]:
    """Create the team's three members on this machine's server, and a client for each."""
    clients = {}
    for name, role in ROLES.items():
        token = io.StringIO()
        call_command("create_member", name, team=TEAM, role=role, print_token=True, password=password, stdout=token)
        clients[name] = Client(url, token.getvalue().strip())
    return clients


def make_competition(client: Client, world: World, folder: Path) -> None:
    """Create the competition, unless an earlier demo on this home already did."""
    try:
        client.competition(SLUG)
    except NotFound:
        client.create_competition(write_competition(world, folder))


def upload_model(client: Client, learner: Learner, world: World, folds: list[list[int]]) -> dict[str, Any]:
    """Train one model on the common folds and upload what it predicted."""
    oof, test = train(learner, world, folds)
    recipe = {"kind": learner.name, "library": "scikit-learn"}
    return client.upload(SLUG, name=learner.name, oof=oof, test=test, recipe=recipe)


def run(url: str, home: Path, password: str) -> None:
    """Do the main job and print what came of it."""
    started = time.monotonic()
    world = make_world()
    clients = make_clients(url, password)
    admin = clients["ada"]
    say(started, f"team [b]{TEAM}[/b]: ada (admin), boris and chen; {len(world.train_ids)} labelled scans, {len(world.test_ids)} held back")
    make_competition(admin, world, home / "demo")
    folds = admin.folds(SLUG, "positions")["folds"]
    say(started, f"competition [b]{SLUG}[/b] is open on {len(folds)} stratified folds")
    for learner in LEARNERS:
        prediction = upload_model(clients[learner.owner], learner, world, folds)
        say(started, f"{learner.owner:>6} uploaded [b]{learner.name}[/b]: log loss {prediction['score']:.4f}")
    ensemble = admin.ensemble(SLUG, on_progress=lambda row: console.print(f"[dim]         {row['progress'].get('sentence', '')}[/dim]"))
    say(
        started, f"ensemble [b]{ensemble['name']}[/b]: log loss {ensemble['score']:.4f} nested, {ensemble['in_sample_score']:.4f} in sample"
    )
    path = Path("submission.csv").resolve()
    submission = admin.submit(SLUG, ensemble["name"], path)
    truth = score_on_held_back(world, path)
    say(started, f"submission {submission['id']}: {submission['rows']} rows in {path}")
    console.print(
        f"\nCross-validation promised [b]{ensemble['score']:.4f}[/b]; held-back rows say [b]{truth:.4f}[/b] (log loss, less is better)."
    )


def main() -> int:
    """Run the demo against STACKYARD_URL; 0 when a valid submission was written."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stackyard.config.settings")
    django.setup()
    url, password = os.environ["STACKYARD_URL"], secrets.token_urlsafe(9)
    try:
        run(url, Path(os.environ["STACKYARD_HOME"]), password)
    except (StackyardError, ValueError) as error:
        console.print(f"[red]The demo failed:[/red] {type(error).__name__}: {error}")
        return 1
    console.print(f"Look at it: [b]{url}[/b], as [b]ada[/b] with the password [b]{password}[/b]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
