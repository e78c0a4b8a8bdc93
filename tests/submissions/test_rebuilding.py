"""A submission made again from its lineage: the same bytes, or the first thing that is not as it was."""

import hashlib
from io import BytesIO

import numpy as np
import polars as pl
import pytest
from stackyard.storage.queries import path_of
from stackyard.submissions import tasks
from stackyard.submissions.models import Submission

from tests.ensembles.yard import FOLDS, folds_of, keep_prediction, open_competition, predictions_of, subject

pytestmark = pytest.mark.once


@pytest.fixture
def damage():
    """Return a function that flips a bit of a blob; what was damaged is mended after the test, since tests share the disk."""
    intact = {}

    def damage(digest):
        path = path_of(digest)
        intact[path] = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(intact[path][:-1] + bytes([intact[path][-1] ^ 1]))

    yield damage
    for path, data in intact.items():
        path.write_bytes(data)
        path.chmod(0o444)


@pytest.fixture
def made(iris, submit, eager_tasks):
    return submit().json()


@pytest.fixture
def stacked(world, iris, submit, eager_tasks):
    """Return the submission of a blend of two models and two level-2 models."""
    keep_prediction(world.admin, iris, "near")
    recipe = {"level2": ["mean", "extra_trees"], "settings": {"extra_trees": {"trees": 5}}}
    world.admin.post("competitions/iris/ensembles", {"recipe": recipe})
    return submit("ensemble-1").json()


@pytest.fixture
def rebuild(world):
    return lambda submission, **form: world.member.post(f"submissions/{submission['id']}/rebuild", form)


def differs(answer, word):
    assert (answer.status_code, answer.json()["error"]) == (500, "RebuildDiffers"), answer.json()
    assert word in answer.json()["detail"]
    return True


def test_the_same_bytes_come_again(world, made, rebuild):
    answer = rebuild(made)

    assert answer.status_code == 200
    assert answer.json() == {
        "id": made["id"],
        "digest": made["digest"],
        "identical": True,
        "checks": [
            "5 blobs have the bytes that their digests name",
            "decision none: fitted again",
            "file: written again, byte for byte",
        ],
    }


def test_a_blend_is_blended_again_and_deep_goes_down_to_the_fits(stacked, rebuild):
    shallow, deep = rebuild(stacked).json(), rebuild(stacked, deep=True).json()

    assert "admin/ensemble-1 v1: blended again by its weights" in shallow["checks"]
    assert not any("fitted again" in check and "extra_trees" in check for check in shallow["checks"])
    assert {
        "admin/ensemble-1/mean v1: fitted again",
        "admin/ensemble-1/extra_trees v1: fitted again",
        "admin/ensemble-1 v1: the search finds the same weights",
        "admin/ensemble-1 v1: blended again by its weights",
    } <= set(deep["checks"])
    assert shallow["digest"] == deep["digest"] == stacked["digest"]


def test_a_damaged_file_is_named(made, rebuild, damage):
    damage(made["digest"])

    assert differs(rebuild(made), "the stored file")


@pytest.mark.parametrize("which", ["oof_digest", "test_digest"])
def test_a_damaged_array_is_named(made, rebuild, damage, which):
    damage(made["lineage"]["predictions"][0][which])

    assert differs(rebuild(made), f"{which} of member/line v1")


def test_a_damaged_contract_is_named(made, rebuild, damage):
    damage(made["lineage"]["contract"])

    assert differs(rebuild(made), "the contract")


def test_a_damaged_ancestor_is_named(stacked, rebuild, damage):
    damage(stacked["lineage"]["predictions"][0]["oof_digest"])

    assert differs(rebuild(stacked), "oof_digest of member/line v1")


def change(made, alter):
    row = Submission.objects.get(pk=made["id"])
    alter(row.lineage)
    row.save()


def test_other_weights_give_another_blend(stacked, rebuild):
    change(stacked, lambda lineage: lineage["predictions"][-1]["recipe"]["weights"].reverse())

    assert differs(rebuild(stacked), "expected test_digest")


def test_other_weights_of_one_fold_give_other_out_of_fold_rows(stacked, rebuild):
    def alter(lineage):
        lineage["predictions"][-1]["recipe"]["weights_by_fold"]["0"] = [1, 0, 0, 0]

    change(stacked, alter)
    assert differs(rebuild(stacked), "expected oof_digest")


def test_only_deep_sees_that_a_level_2_model_had_another_seed(stacked, rebuild):
    def alter(lineage):
        trees = next(node for node in lineage["predictions"] if node["name"] == "ensemble-1/extra_trees")
        trees["recipe"]["seed"] = 1

    change(stacked, alter)
    assert rebuild(stacked).status_code == 200
    assert differs(rebuild(stacked, deep=True), "of admin/ensemble-1/extra_trees v1")


def test_another_decision_is_seen_before_it_is_applied(world, submit, rebuild, eager_tasks):
    keep_prediction(world.member, open_competition(world.admin, "tags"), "line")
    made = submit(slug="tags").json()
    assert rebuild(made).status_code == 200

    def alter(lineage):
        lineage["decision"]["parameters"]["tried"]["thresholds"] += 0.01

    change(made, alter)
    assert differs(rebuild(made), "the recorded decision chosen")


def test_another_digest_is_seen(made, rebuild):
    Submission.objects.update(digest="0" * 64)

    assert differs(rebuild(made), "expected the file 000000000000")


def test_a_rebuild_that_failed_can_be_asked_for_again(made, rebuild, damage):
    Submission.objects.update(digest="0" * 64)
    assert rebuild(made).status_code == 500
    Submission.objects.update(digest=made["digest"])

    assert rebuild(made).status_code == 200


def test_who_does_not_wait_finds_the_outcome_later(world, made, monkeypatch):
    monkeypatch.setattr("stackyard.api.submissions.send_on_commit", lambda *_: None)
    answer = world.member.post(f"submissions/{made['id']}/rebuild", {}, headers={"Prefer": "wait=0"})
    assert (answer.status_code, answer.json()["rebuild"]["state"]) == (202, "queued")
    tasks.rebuild(made["id"])
    tasks.rebuild(made["id"])

    assert world.reader.get(answer["Location"]).json()["rebuild"]["state"] == "identical"


def test_readers_may_not_have_it_rebuilt(world, made):
    assert world.reader.post(f"submissions/{made['id']}/rebuild").status_code == 403


def _upload(person, name, frames, **form):
    sent = {}
    for kind, frame in frames.items():
        file = BytesIO()
        frame.write_csv(file)
        digest = hashlib.sha256(file.getvalue()).hexdigest()
        person.put(f"blobs/{digest}", file.getvalue(), content_type="application/octet-stream")
        sent[kind] = {"blob": digest, "filename": f"{name}.csv"}
    answer = person.post("competitions/iris/predictions", {"name": name, **sent, **form})
    assert answer.status_code == 202, answer.json()
    return sent


def _frames(model, rows):
    """Return the out-of-fold predictions of some rows, and the test predictions, as members would have them."""
    data, (oof, test) = subject("iris"), predictions_of("iris", model)
    ids = np.flatnonzero(~data.is_test)[rows]
    tables = {"oof": (ids, oof[rows]), "test": (np.flatnonzero(data.is_test), test)}
    named = {kind: {"id": [f"row-{row}" for row in ids]} for kind, (ids, _) in tables.items()}
    return {kind: pl.DataFrame({**named[kind], **dict(zip(data.classes, values.T, strict=True))}) for kind, (_, values) in tables.items()}


def test_deep_reads_uploaded_files_again_and_puts_folds_together(world, submit, rebuild, damage, eager_tasks):
    open_competition(world.admin, "iris")
    whole = _upload(world.member, "near", _frames("near", slice(None)))
    for fold in range(FOLDS):
        _upload(world.admin, "line", _frames("line", folds_of("iris") == fold), fold=fold)
    world.admin.post("competitions/iris/ensembles", {"recipe": {"level2": [], "blend": "mean"}})
    made = submit("ensemble-1").json()

    parts = {row["name"]: row["parts"] for row in made["lineage"]["predictions"]}
    assert [part["fold"] for part in parts["line"]] == [0, 1, 2, 3]
    assert parts["near"][0]["test_blob"] == whole["test"]["blob"]
    assert "admin/line v1: 4 folds put together again" in rebuild(made).json()["checks"]
    deep = rebuild(made, deep=True).json()["checks"]
    assert {"admin/line v1: uploaded files read again", "member/near v1: uploaded files read again"} <= set(deep)

    damage(whole["oof"]["blob"])
    assert differs(rebuild(made), "oof_blob of member/near v1")
