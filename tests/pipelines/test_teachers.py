"""Students learn from teachers and from test rows, and nobody from a net that saw the fold it is judged on."""

import dataclasses

import numpy as np
import pytest
import torch

from pipelines.assembling import make_setting
from pipelines.errors import FoldsMismatch, PredictionInvalid, RecipeInvalid
from pipelines.predictions import read_predictions
from pipelines.run import run
from pipelines.teachers import confidence, lessons_of
from tests.pipelines.training import TINY, change, digests, make_data, make_job

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A folder with data and a teacher's run."""
    folder = tmp_path_factory.mktemp("teacher")
    make_data(folder, test_rows=20)
    run(dataclasses.replace(make_job(folder, out="teacher"), train_predictions=True))
    return folder


def student(folder, **changes):
    recipe = change(TINY, **changes)
    return make_job(folder, dataclasses.replace(recipe, folder=str(folder)))


def test_a_teacher_of_the_fold_teaches_its_rows_and_no_other(taught):
    job = student(taught, phases__0__teacher={"oof": "teacher/fold-{fold}/1crop/train.npz", "temperature": 2.0})
    (lesson,), _ = lessons_of(job.dataset, job.recipe, 1, CPU)
    said = read_predictions(taught / "teacher" / "fold-1" / "1crop" / "train.npz")
    rows, held = job.dataset.rows(1)

    np.testing.assert_array_equal(lesson.taught[rows].numpy(), said.rows([job.dataset.train_ids[row] for row in rows]))
    assert not lesson.taught[held].any()


def test_out_of_fold_predictions_teach_too(taught):
    job = student(taught, phases__0__teacher={"oof": "teacher/1crop/oof.npz"})
    (lesson,), _ = lessons_of(job.dataset, job.recipe, 0, CPU)
    rows, held = job.dataset.rows(0)

    np.testing.assert_array_equal(lesson.taught[rows].numpy(), read_predictions(taught / "teacher/1crop/oof.npz").values[rows])
    assert not lesson.taught[held].any()


def test_a_teacher_changes_what_is_learnt_and_one_without_a_share_does_not(taught):
    run(make_job(taught, out="plain"), [0])
    for share in (0.0, 0.9):
        teacher = {"oof": "teacher/1crop/oof.npz", "share": share}
        job = dataclasses.replace(student(taught, phases__0__teacher=teacher), out=taught / f"share-{share}")
        run(job, [0])
    values = {name: read_predictions(taught / name / "fold-0" / "1crop" / "oof.npz").values for name in ("plain", "share-0.0", "share-0.9")}

    np.testing.assert_array_equal(values["plain"], values["share-0.0"])
    assert np.abs(values["plain"] - values["share-0.9"]).max() > 1e-3


def test_sure_test_rows_take_their_share_of_each_batch(taught):
    said = read_predictions(taught / "teacher/fold-1/1crop/test.npz").values
    middle = float(np.median(said.max(1)))
    pseudo = {"predictions": "teacher/fold-{fold}/1crop/test.npz", "share": 0.25, "threshold": middle}
    job = student(taught, phases__0__pseudo=pseudo)
    setting = make_setting(job, [1], 0)
    (feed,) = setting.feeds
    sure = np.flatnonzero(said.max(1) >= middle)
    (stretch,) = setting.stretches()
    rows = feed.regular(stretch, 0)

    assert 0 < len(sure) < 20
    np.testing.assert_array_equal(feed.pseudo[0], sure + 120)
    assert (rows >= 120).sum() == 4
    assert set(rows[rows >= 120]) <= set(feed.pseudo[0])
    (batch,) = setting.kitchen.batches(stretch.phase, (0, 0), feed.lessons, [rows])
    np.testing.assert_array_equal(batch.targets[rows >= 120].numpy(), said[rows[rows >= 120] - 120])
    np.testing.assert_array_equal(batch.targets[rows < 120].argmax(1).numpy(), job.dataset.truth[rows[rows < 120]])


def test_a_run_with_teacher_pseudo_labels_and_mixup_ends_the_same_twice(taught):
    changes = {
        "phases__0__pseudo": {"predictions": "teacher/fold-{fold}/1crop/test.npz", "share": 0.5},
        "phases__0__teacher": {"oof": "teacher/fold-{fold}/1crop/train.npz"},
        "phases__0__mixup": 0.3,
    }
    made = []
    for name in ("first", "second"):
        run(dataclasses.replace(student(taught, **changes), out=taught / name), [0])
        made.append(digests(taught / name))

    assert made[0] == made[1]


def test_pseudo_labels_that_are_not_by_fold_are_refused(taught):
    job = student(taught, phases__0__pseudo={"predictions": "teacher/1crop/test.npz"})

    with pytest.raises(RecipeInvalid, match=r"\{fold\}"):
        run(dataclasses.replace(job, out=taught / "refused"), [0])


def test_a_teacher_of_another_fold_knows_too_little(taught):
    job = student(taught, phases__0__teacher={"oof": "teacher/fold-0/1crop/train.npz"})

    with pytest.raises(PredictionInvalid, match="expected predictions for all of 60 ids"):
        lessons_of(job.dataset, job.recipe, 1, CPU)


def test_a_teacher_on_other_folds_is_refused(taught, tmp_path):
    make_data(tmp_path, test_rows=20, folds=3)
    job = student(tmp_path, phases__0__teacher={"oof": str(taught / "teacher/1crop/oof.npz")})

    with pytest.raises(FoldsMismatch, match="teacher"):
        lessons_of(job.dataset, job.recipe, 0, CPU)


def test_teachers_who_are_unreadable_are_an_error_by_name(taught, tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"x")
    job = student(taught, phases__0__teacher={"oof": str(tmp_path / "bad.npz")})

    with pytest.raises(PredictionInvalid, match=r"bad\.npz"):
        lessons_of(job.dataset, job.recipe, 0, CPU)


def test_one_label_that_is_unsure_makes_a_row_unsure():
    assert confidence(np.array([[0.9, 0.5]], np.float32), "multilabel").tolist() == [0.5]
    assert confidence(np.array([0.25], np.float32), "binary").tolist() == [0.75]
    assert confidence(np.array([-3.0], np.float32), "regression").tolist() == [1.0]
