"""SIGKILL at the worst moment loses nothing."""

import json
import os
import signal

import pytest

from tests.coins import make_client, make_coins, until
from tests.stack import Stack

pytestmark = pytest.mark.slow


@pytest.fixture
def stack(tmp_path):
    """A stack of one's own, since it is hurt."""
    hurt = Stack(tmp_path / "home")
    try:
        yield hurt.wait_until_ready()
    finally:
        hurt.stop()


@pytest.fixture
def client(stack):
    with make_client(stack) as client:
        yield client


@pytest.fixture
def coins(client, tmp_path):
    return make_coins(client, tmp_path)


def test_an_upload_whose_message_the_broker_lost_is_scored(stack, client, coins):
    stack.kill("broker")
    accepted = client.upload("coins", name="lost", oof=coins, wait=False)
    row = until(lambda: client.prediction(accepted["id"]), lambda row: row["state"] == "scored")

    assert row["state"] == "scored"


def test_an_ensemble_whose_worker_is_killed_goes_on(stack, client, coins):
    for number in range(4):
        client.upload("coins", name=f"m{number}", oof=[min(0.99, value + 0.02 * number) for value in coins])
    begun = client.ensemble("coins", wait=False)
    until(lambda: client.wire.get(f"ensembles/{begun['id']}"), lambda row: row["state"] != "queued")
    stack.kill("cpu-worker")
    row = until(lambda: client.wire.get(f"ensembles/{begun['id']}"), lambda row: row["state"] == "done")

    assert row["state"] == "done"


# Long enough for both workers to be at a model when one is killed.
SLOW = {"level2": ["extra_trees", "neural_net"], "settings": {"extra_trees": {"trees": 4000}, "neural_net": {"steps": 20000, "seeds": 8}}}
LEASES = """
import json
from stackyard.ensembles.models import Ensemble, Level2Fit
rows = Level2Fit.objects.exclude(lease_owner="")
print(json.dumps({"runner": Ensemble.objects.get().lease_owner, "fits": [row.lease_owner for row in rows]}))
"""


def workers_at_it(stack):
    """Return the process ids of those who hold a lease: {"runner", "helper"}, where there are two."""
    held = json.loads(stack.manage("shell", "--no-imports", "-c", LEASES))
    pids = {owner: int(owner.split(":")[1]) for owner in [held["runner"], *held["fits"]] if owner}
    helpers = [pids[owner] for owner in held["fits"] if owner != held["runner"]]
    return {"runner": pids[held["runner"]], "helper": helpers[0]} if held["runner"] and helpers else {}


@pytest.mark.parametrize("who", ["runner", "helper"])
def test_an_ensemble_is_shared_and_goes_on_when_one_of_its_workers_is_killed(stack, client, coins, who):
    for number in range(4):
        client.upload("coins", name=f"m{number}", oof=[min(0.99, value + 0.02 * number) for value in coins])
    begun = client.ensemble("coins", SLOW, wait=False)
    pids = until(lambda: workers_at_it(stack), bool)
    os.kill(pids[who], signal.SIGKILL)
    row = until(lambda: client.wire.get(f"ensembles/{begun['id']}"), lambda row: row["state"] in {"done", "failed"})

    assert pids["runner"] != pids["helper"]
    assert row["state"] == "done"
    assert [made["method"] for made in row["predictions"]] == ["extra_trees", "neural_net", "blend"]
    assert len(client.predictions("coins")) == 4 + 3
