"""A small competition on a stack that a test may hurt."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from members.client import Client
from tests.stack import Stack

# A lease of 90 seconds may have to run out first.
NOTICED_WITHIN_SECONDS = 90 + 60


def make_client(stack: Stack) -> Client:
    """Return the client of a new administrator."""
    return Client(stack.url, stack.create_member("ada", team="ada", role="admin"), home=stack.home.parent / "client")


def make_coins(client: Client, folder: Path) -> list[float]:
    """Make the competition `coins`, sixty rows of one label, and return probabilities for an upload."""
    rows = [(f"c{row}", row % 2) for row in range(60)]
    (folder / "train.csv").write_text("id,heads\n" + "".join(f"{name},{truth}\n" for name, truth in rows))
    (folder / "sample.csv").write_text("id,heads\nt0,0.5\nt1,0.5\n")
    (folder / "spec.toml").write_text(
        'slug = "coins"\nname = "Coins"\ntask = "binary"\nmetric = "binary_log_loss"\nid_column = "id"\n'
        'labels = "train.csv"\nlabel_column = "heads"\nsample_submission = "sample.csv"\n'
    )
    client.create_competition(folder / "spec.toml")
    return [0.3 + 0.4 * truth + 0.01 * (number % 7) for number, (_, truth) in enumerate(rows)]


def until(look: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Look until it is done, at most as long as a death may take to be noticed and mended; return what was seen last."""
    deadline = time.monotonic() + NOTICED_WITHIN_SECONDS
    found = look()
    while not done(found) and time.monotonic() < deadline:
        time.sleep(0.5)
        found = look()
    return found
