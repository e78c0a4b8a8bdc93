"""SIGKILL at the worst moment loses nothing."""

import time

import pytest

from members.client import Client
from tests.stack import Stack

NOTICED_WITHIN_SECONDS = 90 + 60


@pytest.fixture
def stack(tmp_path):
    """A stack of one's own, since it is hurt."""
    hurt = Stack(tmp_path / "home")
    try:
        yield hurt.wait_until_ready()
    finally:
        hurt.stop()


@pytest.fixture
def client(stack, tmp_path):
    token = stack.create_member("ada", team="ada", role="admin")
    with Client(stack.url, token, home=tmp_path / "client") as client:
        yield client


@pytest.fixture
def coins(client, tmp_path):
    rows = [(f"c{row}", row % 2) for row in range(60)]
    (tmp_path / "train.csv").write_text("id,heads\n" + "".join(f"{name},{truth}\n" for name, truth in rows))
    (tmp_path / "sample.csv").write_text("id,heads\nt0,0.5\nt1,0.5\n")
    (tmp_path / "spec.toml").write_text(
        'slug = "coins"\nname = "Coins"\ntask = "binary"\nmetric = "binary_log_loss"\nid_column = "id"\n'
        'labels = "train.csv"\nlabel_column = "heads"\nsample_submission = "sample.csv"\n'
    )
    client.create_competition(tmp_path / "spec.toml")
    return [0.3 + 0.4 * truth + 0.01 * (number % 7) for number, (_, truth) in enumerate(rows)]


def until(look, done):
    """Look until it is done, at most as long as a death may take to be noticed and mended."""
    deadline = time.monotonic() + NOTICED_WITHIN_SECONDS
    found = look()
    while not done(found) and time.monotonic() < deadline:
        time.sleep(0.5)
        found = look()
    return found


def test_an_upload_accepted_while_no_worker_lives_is_scored(stack, client, coins):
    stack.kill("cpu-worker")
    accepted = client.upload("coins", name="orphan", oof=coins, wait=False)
    row = until(lambda: client.prediction(accepted["id"]), lambda row: row["state"] == "scored")

    assert row["state"] == "scored"


@pytest.mark.slow
def test_an_upload_whose_message_the_broker_lost_is_scored(stack, client, coins):
    stack.kill("broker")
    accepted = client.upload("coins", name="lost", oof=coins, wait=False)
    row = until(lambda: client.prediction(accepted["id"]), lambda row: row["state"] == "scored")

    assert row["state"] == "scored"


@pytest.mark.slow
def test_an_ensemble_whose_worker_is_killed_goes_on(stack, client, coins):
    for number in range(4):
        client.upload("coins", name=f"m{number}", oof=[min(0.99, value + 0.02 * number) for value in coins])
    begun = client.ensemble("coins", wait=False)
    until(lambda: client.wire.get(f"ensembles/{begun['id']}"), lambda row: row["state"] != "queued")
    stack.kill("cpu-worker")
    row = until(lambda: client.wire.get(f"ensembles/{begun['id']}"), lambda row: row["state"] == "done")

    assert row["state"] == "done"
