"""The leaderboard and the grid, entered by HTTP."""

import pytest

from tests.predictions.desk import COINS, COINS_FILES, ROWS, TRUTH, create, oof_text, upload

pytestmark = pytest.mark.usefixtures("eager_tasks")
SURE = {"best": 0.95, "good": 0.8, "fair": 0.7}


def sure(value):
    return oof_text([value if truth else 1 - value for truth in TRUTH])


@pytest.fixture(autouse=True)
def coins(world, eager_tasks):
    create(world.admin, COINS, COINS_FILES)
    for name in ("good", "best", "fair"):
        upload(world.member, "coins", sure(SURE[name]), name=name)


def board(world, query=""):
    return world.reader.get(f"competitions/coins/leaderboard{query}").json()


def names(rows):
    return [row["name"] for row in rows]


def test_the_best_comes_first(world):
    rows = board(world)

    assert names(rows) == ["best", "good", "fair"]
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert {row["folds"] for row in rows} == {"3/3"}


def test_of_equals_the_earlier_comes_first(world):
    upload(world.admin, "coins", sure(0.95), name="copy")

    assert names(board(world))[:2] == ["best", "copy"]


def test_a_new_version_replaces_the_old_one_on_the_board(world):
    upload(world.member, "coins", sure(0.6), name="best")

    assert names(board(world)) == ["good", "fair", "best"]
    assert len(board(world, "?versions=all")) == 4


def test_a_rejected_version_does_not_hide_the_last_good_one(world):
    upload(world.member, "coins", oof_text([7.0] * ROWS), name="best")

    assert names(board(world))[0] == "best"


def test_unscored_never_ranks(world):
    upload(world.member, "coins", oof_text([7.0] * ROWS), name="broken")
    rows = board(world, "?state=all")

    assert names(rows)[-1] == "broken"
    assert (rows[-1]["rank"], rows[-1]["score"], rows[-1]["state"]) == (None, None, "rejected")
    assert "broken" not in names(board(world))


def test_looking_for_ones_own_keeps_its_rank(world):
    upload(world.admin, "coins", sure(0.75), name="mine", variant="tta")

    assert [(row["name"], row["rank"]) for row in board(world, "?owner=admin")] == [("mine", 3)]
    assert names(board(world, "?search=FAI")) == ["fair"]
    assert names(board(world, "?variant=tta")) == ["mine"]


def test_the_board_can_be_ordered_otherwise(world):
    assert names(board(world, "?ordering=name")) == ["best", "fair", "good"]
    assert names(board(world, "?ordering=-score")) == ["fair", "good", "best"]
    assert board(world, "?ordering=nmae")["error"] == "InvalidRequest"


@pytest.mark.once
def test_the_grid_shows_each_fold_of_each_model(world):
    folds = world.reader.get("competitions/coins/folds?shape=positions").json()["folds"]
    upload(world.member, "coins", oof_text([0.5] * ROWS, folds[1]), name="half", fold=1)
    grid = world.reader.get("competitions/coins/grid").json()
    half = next(row for row in grid["rows"] if row["name"] == "half")

    assert grid["folds"] == [0, 1, 2]
    assert names(grid["rows"]) == ["best", "fair", "good", "half"]
    assert half["parts"] == ["missing", "accepted", "missing"]
    assert all(cell is not None for cell in grid["rows"][0]["cells"])
