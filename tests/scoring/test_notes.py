"""An upload is told at once what is strange about it, and is scored all the same."""

import pytest

from tests.predictions.desk import COINS, COINS_FILES, ROWS, TEST_ROWS, TRUTH, create, oof_text, upload

pytestmark = pytest.mark.once

SURE = [0.9 if truth else 0.2 for truth in TRUTH]


@pytest.fixture(autouse=True)
def coins(world, eager_tasks):
    create(world.admin, COINS, COINS_FILES)


def notes(world, answer):
    row = world.reader.get(f"predictions/{answer.json()['id']}").json()
    assert row["state"] == "scored"
    return row["notes"]


def test_an_honest_upload_has_no_notes(world):
    assert notes(world, upload(world.member, "coins", oof_text(SURE), TEST_ROWS)) == []


def test_a_copy_is_told_whose_it_is(world):
    upload(world.member, "coins", oof_text(SURE), name="first")

    assert notes(world, upload(world.admin, "coins", oof_text(SURE), name="second")) == [
        "predicts exactly the same out of fold as member/first v1"
    ]


def test_a_constant_is_told_where(world):
    told = notes(world, upload(world.member, "coins", oof_text([0.5] * ROWS), "id,heads\nt0,0.5\nt1,0.5\n"))

    assert told == ["says the same in every row out of fold for heads", "says the same in every row on the test rows for heads"]


def test_other_means_on_the_test_rows_are_told_with_both(world):
    near_half = oof_text([0.49 if truth else 0.51 for truth in TRUTH])
    told = notes(world, upload(world.member, "coins", near_half, "id,heads\nt0,0.9\nt1,0.901\n"))

    assert told == ["has other means on the test rows than out of fold for heads (heads 0.900 against 0.500)"]


def test_a_part_is_noted_once_the_whole_is_there(world):
    folds = world.reader.get("competitions/coins/folds?shape=positions").json()["folds"]
    upload(world.admin, "coins", oof_text(SURE), name="whole")
    for fold, rows in enumerate(folds):
        answer = upload(world.member, "coins", oof_text(SURE, rows), name="parts", fold=fold)

    assert notes(world, answer) == ["predicts exactly the same out of fold as admin/whole v1"]
