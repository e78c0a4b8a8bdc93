"""The main job, end to end, on real data, as three members would do it.

A team of three, a competition, six models trained on the common folds and uploaded through the real client, an ensemble,
a submission, and its true score on the held-back rows beside the one that cross-validation promised.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from members.client import Client
from stackyard.accounts.models import Role
from stackyard.accounts.ranks import WIDEST_SCOPE
from stackyard.accounts.services import ensure_member, issue_token, set_password
from stackyard.demo.learners import LEARNERS, Learner, train
from stackyard.demo.world import SLUG, World, make_world, score_on_held_back, write_competition
from stackyard.errors import NotFound

TEAM = "demo"
MEMBERS = {"ada": Role.ADMIN, "boris": Role.MEMBER, "chen": Role.MEMBER}


class Story:
    """Prints each step with the seconds since the start."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.started = time.monotonic()
        self.last = ""

    def say(self, sentence: str) -> None:
        """Print one step."""
        self.console.print(f"[dim]{time.monotonic() - self.started:5.1f} s[/dim]  {sentence}")

    def follow(self, ensemble: dict[str, Any]) -> None:
        """Print what an ensemble is at, once a sentence."""
        progress = ensemble["progress"]
        count = f"{progress['done']}/{progress['total']} " if progress.get("total") else ""
        sentence = count + progress.get("sentence", "")
        if sentence and sentence != self.last:
            self.console.print(f"[dim]         {sentence}[/dim]")
        self.last = sentence


def tell(story: Story, url: str, home: Path, password: str) -> None:
    """Do the main job and print what comes of it; raise where the submission is not valid."""
    world = make_world()
    clients = make_clients(url, home, password)
    admin = clients["ada"]
    story.say(f"team [b]{TEAM}[/b]: {', '.join(f'{name} ({role})' for name, role in MEMBERS.items())}")
    make_competition(admin, world, home / "demo")
    folds = admin.folds(SLUG, "positions")
    splits = admin.contract(SLUG)
    story.say(
        f"competition [b]{SLUG}[/b]: {len(world.train_ids)} labelled scans on {splits.fold_count} folds "
        f"({folds['digest'][:12]}…), {len(world.test_ids)} held back"
    )
    for learner in LEARNERS:
        prediction = upload_model(clients[learner.owner], learner, world, [splits.fold_rows(k).tolist() for k in range(splits.fold_count)])
        story.say(f"{learner.owner:>5} uploaded [b]{learner.name:<19}[/b] log loss {prediction['score']:.4f}")
    ensemble = admin.ensemble(SLUG, on_progress=story.follow)
    story.say(f"ensemble [b]{ensemble['name']}[/b]: log loss {ensemble['score']:.4f} nested ({ensemble['in_sample_score']:.4f} in sample)")
    path = Path("submission.csv").resolve()
    submission = admin.submit(SLUG, ensemble["name"], path)
    truth = score_on_held_back(world, path)
    story.say(f"submission {submission['id']}: {submission['rows']} rows in [b]{path}[/b]")
    story.console.print(
        f"\nCross-validation promised [b]{ensemble['score']:.4f}[/b], the held-back rows say [b]{truth:.4f}[/b] (log loss, less is better)."
    )


def make_clients(url: str, home: Path, password: str) -> dict[str, Client]:
    """Create the team's three members on this machine's server, and a client for each."""
    clients = {}
    for name, role in MEMBERS.items():
        membership, _ = ensure_member(name, TEAM, role)
        set_password(membership.user, password)
        _, token = issue_token(membership, WIDEST_SCOPE[role], label="demo")
        clients[name] = Client(url, token, home=home / "demo" / name)
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
    return dict(client.upload(SLUG, name=learner.name, oof=oof, test=test, recipe=recipe))
