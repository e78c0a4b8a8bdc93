"""The main job, small, on the second pass's servers: from a label file to a submission that can be rebuilt. Spooky is the large one."""

import numpy as np
import polars as pl
import pytest

from members.client import Client

pytestmark = pytest.mark.servers

ROWS, TEST_ROWS = 120, 15


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Lay out a competition of coins that weigh differently."""
    folder = tmp_path_factory.mktemp("coins")
    weights = np.random.default_rng(0).normal(size=ROWS)
    heads = (weights + np.random.default_rng(1).normal(size=ROWS) > 0).astype(int)
    ids = [f"c{row}" for row in range(ROWS)]
    pl.DataFrame({"id": ids, "heads": heads}).write_csv(folder / "train.csv")
    pl.DataFrame({"id": [f"t{row}" for row in range(TEST_ROWS)], "heads": [0.5] * TEST_ROWS}).write_csv(folder / "sample.csv")
    (folder / "spec.toml").write_text(
        'slug = "coins"\nname = "Coins"\ntask = "binary"\nmetric = "binary_log_loss"\nid_column = "id"\n'
        'labels = "train.csv"\nlabel_column = "heads"\nsample_submission = "sample.csv"\n[folds]\ncount = 4\n'
    )
    for number in range(3):
        noise = np.random.default_rng(2 + number)
        guesses = {
            "oof": (ids, weights + noise.normal(size=ROWS)),
            "test": ([f"t{row}" for row in range(TEST_ROWS)], noise.normal(size=TEST_ROWS)),
        }
        for part, (names, odds) in guesses.items():
            pl.DataFrame({"id": names, "heads": 1 / (1 + np.exp(-odds))}).write_csv(folder / f"m{number}_{part}.csv")
    return folder


@pytest.fixture(scope="module")
def admin(live_stack, tmp_path_factory):
    token = live_stack.create_member("penny", team="mint", role="admin")
    with Client(live_stack.url, token, home=tmp_path_factory.mktemp("penny")) as client:
        yield client


def test_from_a_label_file_to_a_submission_that_is_rebuilt_to_the_byte(admin, folder, tmp_path):
    assert admin.create_competition(folder / "spec.toml")["state"] == "open"
    for number in range(3):
        admin.upload("coins", name=f"m{number}", oof=folder / f"m{number}_oof.csv", test=folder / f"m{number}_test.csv")
    ensemble = admin.ensemble("coins")
    board = admin.board("coins")
    made = admin.submit("coins", ensemble["name"], tmp_path / "submission.csv")
    admin.rebuild(made["id"], tmp_path / "again.csv")

    assert next(row for row in board if row["name"] == ensemble["name"])["score"] == ensemble["score"]
    assert {f"m{number}" for number in range(3)} <= {row["name"] for row in board}
    assert pl.read_csv(tmp_path / "submission.csv")["id"].to_list() == [f"t{row}" for row in range(TEST_ROWS)]
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "submission.csv").read_bytes()
