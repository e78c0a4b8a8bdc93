import numpy as np
import pytest

from pipelines.data import read_dataset
from pipelines.errors import FoldsMismatch
from pipelines.recipe_toml import but, from_json
from tests.pipelines.digits import lay_out_digits

RECIPE = from_json({"name": "digits", "net": {"name": "tiny"}, "data": {"channels": 1}, "phases": [{"epochs": 1}]})


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return lay_out_digits(tmp_path_factory.mktemp("digits"), rows=300, test_rows=50)


def test_digits_are_read_as_images_truth_and_folds(digits, tmp_path):
    data = read_dataset(digits, digits / "folds.csv", RECIPE, store=tmp_path)

    assert (data.task, data.classes) == ("multiclass", tuple("0123456789"))
    assert (data.train.array.shape, data.test.array.shape, data.train.array.dtype) == ((300, 1, 8, 8), (50, 1, 8, 8), np.uint8)
    assert (len(data.train_ids), data.test_ids[0], data.folds.count) == (300, "digit-0300", 5)
    with np.load(digits / "digits.npz") as raw:
        np.testing.assert_array_equal(data.train.take([7, 3])[:, 0], raw["images"][[7, 3]])
    np.testing.assert_allclose(data.train.mean, data.train.array.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(data.train.deviation, data.train.array.std(axis=(0, 2, 3)))


def test_each_row_is_predicted_by_the_one_fold_that_did_not_learn_from_it(digits, tmp_path):
    data = read_dataset(digits, digits / "folds.csv", RECIPE, store=tmp_path)
    splits = [data.rows(fold) for fold in range(5)]

    assert sorted(np.concatenate([held for _, held in splits])) == list(range(300))
    assert all(sorted([*learnt, *held]) == list(range(300)) for learnt, held in splits)


def test_a_specialist_learns_from_its_classes_and_predicts_all_rows(digits, tmp_path):
    data = read_dataset(digits, digits / "folds.csv", but(RECIPE, **{"data.labels": ["8", "3"]}), store=tmp_path)
    learnt, held = data.rows(0)

    assert data.classes == ("8", "3")
    assert set(data.truth[learnt]) == {0, 1}
    assert -1 in data.truth[held]


def test_a_recipe_for_other_folds_is_refused(digits, tmp_path):
    with pytest.raises(FoldsMismatch, match="expected the folds ab12, got "):
        read_dataset(digits, digits / "folds.csv", but(RECIPE, folds_digest="ab12"), store=tmp_path)


def test_the_digest_names_the_data_and_not_the_folds(digits, tmp_path):
    rows = (digits / "folds.csv").read_text().splitlines()
    (tmp_path / "other.csv").write_text("\n".join([rows[0], *(f"{line.split(',')[0]},{i % 3}" for i, line in enumerate(rows[1:]))]))

    def digest(folds, recipe=RECIPE):
        return read_dataset(digits, folds, recipe, store=tmp_path).digest

    assert digest(digits / "folds.csv") == digest(tmp_path / "other.csv")
    assert digest(digits / "folds.csv") != digest(digits / "folds.csv", but(RECIPE, **{"data.size": 12}))
