"""Uploads, entered by HTTP: what is taken, what is refused, and what comes of it."""

import io
import math

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from stackyard.predictions.models import Prediction

from tests.predictions.desk import COINS, COINS_FILES, ROWS, TEST_ROWS, TRUTH, create, oof_text, upload

pytestmark = pytest.mark.usefixtures("eager_tasks")
GOOD = [0.9 if truth else 0.2 for truth in TRUTH]
GOOD_LOSS = -(6 * math.log(0.9) + 6 * math.log(0.8)) / 12


@pytest.fixture(autouse=True)
def coins(world, eager_tasks):
    assert create(world.admin, COINS, COINS_FILES).status_code == 202


def fold_rows(world):
    return world.reader.get("competitions/coins/folds?shape=positions").json()["folds"]


def shown(world, answer):
    return world.member.get(answer.json()["url"]).json()


def test_a_whole_upload_is_scored(world):
    row = shown(world, upload(world.member, "coins", oof_text(GOOD), TEST_ROWS))

    assert (row["state"], row["version"], row["level"], row["has_test"]) == ("scored", 1, 1, True)
    assert row["score"] == pytest.approx(GOOD_LOSS, rel=1e-6)
    assert row["by_fold"] == pytest.approx([GOOD_LOSS] * 3, rel=1e-6)


def test_an_upload_is_answered_with_202_and_a_place_to_look(world):
    answer = upload(world.member, "coins", oof_text(GOOD))

    assert answer.status_code == 202
    assert answer["Location"] == answer.json()["url"]


def test_the_aligned_rows_come_back_in_the_competitions_order(world):
    backwards = "id,heads\n" + "".join(f"c{row},{GOOD[row]}\n" for row in reversed(range(ROWS)))
    row = shown(world, upload(world.member, "coins", backwards, TEST_ROWS))
    csv = b"".join(world.reader.get(f"{row['url']}/test").streaming_content).decode()
    npy = b"".join(world.reader.get(f"{row['url']}/oof?format=npy").streaming_content)

    assert csv == "id,heads\nt0,0.25\nt1,0.75\n"
    assert np.load(io.BytesIO(npy)).tolist() == np.float32(GOOD).tolist()


def test_the_same_name_makes_a_new_version_and_overwrites_nothing(world):
    first = shown(world, upload(world.member, "coins", oof_text(GOOD)))
    second = shown(world, upload(world.member, "coins", oof_text([0.5] * ROWS)))

    assert (first["version"], second["version"]) == (1, 2)
    assert shown(world, upload(world.member, "coins", oof_text(GOOD), variant="tta"))["version"] == 1
    assert world.member.get(first["url"]).json()["score"] == first["score"]


def test_two_members_may_use_one_name(world):
    other = world.join("other")

    assert upload(world.member, "coins", oof_text(GOOD)).json()["version"] == 1
    assert upload(other, "coins", oof_text(GOOD)).json()["version"] == 1


def test_folds_one_by_one_become_the_same_as_the_whole(world):
    whole = shown(world, upload(world.member, "coins", oof_text(GOOD), TEST_ROWS, name="whole"))
    folds = fold_rows(world)
    for fold in (2, 0):
        part = shown(world, upload(world.member, "coins", oof_text(GOOD, folds[fold]), TEST_ROWS, name="parts", fold=fold))
        assert (part["state"], part["score"]) == ("partial", None)
    assert part["missing_folds"] == [1]
    last = shown(world, upload(world.member, "coins", oof_text(GOOD, folds[1]), TEST_ROWS, name="parts", fold=1))

    assert (last["id"], last["state"]) == (part["id"], "scored")
    assert (last["score"], last["oof_digest"], last["test_digest"]) == (whole["score"], whole["oof_digest"], whole["test_digest"])


def test_the_test_predictions_of_folds_are_averaged(world):
    folds = fold_rows(world)
    for fold, value in enumerate((0.1, 0.2, 0.6)):
        answer = upload(world.member, "coins", oof_text(GOOD, folds[fold]), f"id,heads\nt0,{value}\nt1,0.5\n", fold=fold)
    row = shown(world, answer)
    csv = b"".join(world.reader.get(f"{row['url']}/test").streaming_content).decode()

    assert csv == "id,heads\nt0,0.3\nt1,0.5\n"


def test_a_bad_fold_leaves_the_good_ones_and_can_be_sent_again(world):
    folds = fold_rows(world)
    upload(world.member, "coins", oof_text(GOOD, folds[0]), fold=0)
    bad = shown(world, upload(world.member, "coins", oof_text(GOOD, folds[1][:-1]), fold=1))

    assert (bad["state"], bad["missing_folds"]) == ("partial", [1, 2])
    assert bad["parts"][1]["errors"][0]["error"] == "MissingIds"

    upload(world.member, "coins", oof_text(GOOD, folds[1]), fold=1)
    assert shown(world, upload(world.member, "coins", oof_text(GOOD, folds[2]), fold=2))["state"] == "scored"


@pytest.mark.once
def test_rows_of_another_fold_are_refused(world):
    row = shown(world, upload(world.member, "coins", oof_text(GOOD, fold_rows(world)[0]), fold=1))

    assert row["state"] == "rejected"
    assert {error["error"] for error in row["errors"]} == {"MissingIds", "UnknownIds"}


@pytest.mark.parametrize(
    ("oof", "code", "count"),
    [
        (oof_text([*GOOD[:-1], 1.5]), "OutOfRange", 1),
        (oof_text(GOOD).replace("c3,0.9", "c3,nan"), "NotFinite", 1),
        (oof_text(GOOD).replace("c3,0.9", "c3,heads"), "NotANumber", 1),
        (oof_text(GOOD).replace("c3,", "c99,"), "UnknownIds", 1),
        (oof_text(GOOD) + "c3,0.5\n", "DuplicateIds", 1),
        (oof_text(GOOD).replace("heads", "tails"), "UnknownColumns", 1),
        ("", "UnreadableFile", 0),
        (oof_text(GOOD, list(range(5))), "MissingIds", 7),
    ],
)
@pytest.mark.once
def test_a_bad_file_is_rejected_with_its_code_and_count(world, oof, code, count):
    row = shown(world, upload(world.member, "coins", oof))
    found = {error["error"]: error["count"] for error in row["errors"]}

    assert (row["state"], row["score"]) == ("rejected", None)
    assert found[code] == count
    assert all(error["file"] == "oof" for error in row["errors"])


def test_errors_of_both_files_are_told_at_once(world):
    row = shown(world, upload(world.member, "coins", oof_text([*GOOD[:-1], 2]), "id,heads\nt0,-1\nt1,0\n"))

    assert [(error["file"], error["error"], error["rows"][0]["id"]) for error in row["errors"]] == [
        ("oof", "OutOfRange", "c11"),
        ("test", "OutOfRange", "t0"),
    ]


@pytest.mark.once
def test_several_rows_an_id_are_averaged_where_the_upload_says_so(world):
    twice = oof_text([value - 0.1 for value in GOOD]) + oof_text([value + 0.1 for value in GOOD]).removeprefix("id,heads\n")
    row = shown(world, upload(world.member, "coins", twice, repeats="mean"))

    assert row["score"] == pytest.approx(GOOD_LOSS, rel=1e-6)


@pytest.mark.once
def test_predictions_made_on_other_folds_are_refused_at_once(world):
    answer = upload(world.member, "coins", oof_text(GOOD), folds="0" * 64)

    assert (answer.status_code, answer.json()["error"]) == (422, "FoldsMismatch")


@pytest.mark.once
def test_a_fold_that_does_not_exist_is_refused_at_once(world):
    assert upload(world.member, "coins", oof_text(GOOD), fold=3).json()["error"] == "UnknownFold"


@pytest.mark.once
def test_a_form_with_an_unknown_field_is_refused_with_the_nearest_known(world):
    answer = upload(world.member, "coins", oof_text(GOOD), variannt="tta")

    assert answer.json()["error"] == "InvalidRequest"
    assert "variant" in str(answer.json())


def test_a_browser_may_send_everything_in_one_form(world):
    files = {"oof": io.BytesIO(oof_text(GOOD).encode()), "test": io.BytesIO(TEST_ROWS.encode())}
    for name, file in files.items():
        file.name = f"{name}.csv"
    form = {"name": "dropped", "variant": "", "recipe": '{"net": "coin"}', **files}
    answer = world.member.post("competitions/coins/predictions", form, format="multipart")
    row = shown(world, answer)

    assert answer.status_code == 202
    assert (row["state"], row["recipe"]) == ("scored", {"net": "coin"})


def test_a_metric_without_a_value_rejects_by_name(world):
    from stackyard.competitions.models import Competition

    Competition.objects.update(metric="rmsle_loss")
    row = shown(world, upload(world.member, "coins", oof_text(GOOD)))

    assert (row["state"], row["errors"][0]["error"]) == ("rejected", "UnknownMetric")


def test_the_database_itself_ranks_nothing_unscored(world):
    row = shown(world, upload(world.member, "coins", oof_text([2.0] * ROWS)))
    with pytest.raises(IntegrityError), transaction.atomic():
        Prediction.objects.filter(pk=row["id"]).update(score=0.1)


def test_reading_a_message_twice_changes_nothing(world):
    from stackyard.scoring.tasks import read_and_score

    row = shown(world, upload(world.member, "coins", oof_text(GOOD)))
    read_and_score(row["id"])

    assert shown_again(world, row) == row


def shown_again(world, row):
    return world.member.get(row["url"]).json()


def test_predictions_can_be_listed_by_state(world):
    upload(world.member, "coins", oof_text(GOOD))
    upload(world.member, "coins", oof_text([2.0] * ROWS), name="bad")
    rejected = world.reader.get("competitions/coins/predictions?state=rejected").json()

    assert [row["name"] for row in rejected] == ["bad"]
