import numpy as np
import pytest

from pipelines.cli import main
from pipelines.errors import LabelUnknown, PredictionInvalid
from pipelines.predictions import Form, Predictions, read_predictions, write_predictions
from pipelines.subsets import expand, narrow, recombine, recombine_files


def predictions(values, columns, ids=("1", "2", "3")) -> Predictions:
    return Predictions(ids, tuple(columns), np.asarray(values, np.float32))


GENERAL = predictions([[0.2, 0.2, 0.6], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]], "abc")
SPECIALIST = predictions([[0.5, 0.5], [0.9, 0.1], [0.3, 0.7]], "ba", ("2", "1", "3"))


def test_without_wanted_labels_all_stays():
    classes, truth, learns = narrow("regression", ["price"], np.array([1.5, 2.0]), ())

    assert (classes, truth.tolist(), learns.tolist()) == (("price",), [1.5, 2.0], [True, True])


def test_a_multilabel_specialist_learns_from_all_rows():
    truth = np.array([[True, False, True], [False, True, True]])
    classes, own, learns = narrow("multilabel", ["a", "b", "c"], truth, ("c",))

    assert (classes, own.tolist(), learns.tolist()) == (("c",), [[True], [True]], [True, True])


def test_a_group_of_the_taxonomy_stands_for_its_classes():
    taxonomy = {"round": ("a", "c"), "b": ("a",)}

    assert expand(("round", "b", "x"), ("a", "b", "c"), taxonomy) == ("a", "c", "b", "x")


@pytest.mark.parametrize(
    ("task", "wanted", "said"),
    [
        ("multiclass", ("a", "bb"), "got 'bb' .did you mean b"),
        ("multiclass", ("a", "a"), "each of data.labels once"),
        ("multiclass", ("a",), "two or more of a multiclass one"),
        ("binary", ("a", "b"), "classes of a multilabel task"),
    ],
)
def test_a_specialist_for_what_is_no_class_is_refused(task, wanted, said):
    with pytest.raises(LabelUnknown, match=said):
        narrow(task, ["a", "b"], np.array([0, 1]), wanted)


def test_a_specialist_shares_out_what_the_general_net_gives_its_classes():
    combined = recombine(GENERAL, [SPECIALIST])

    np.testing.assert_allclose(combined.values, [[0.04, 0.36, 0.6], [0.25, 0.25, 0.5], [0, 0, 1]], rtol=1e-6)


def test_a_share_lies_between_the_two():
    half, whole = recombine(GENERAL, [SPECIALIST], share=0.5).values, recombine(GENERAL, [SPECIALIST]).values

    np.testing.assert_allclose(half, (GENERAL.values + whole) / 2, rtol=1e-6)
    np.testing.assert_array_equal(recombine(GENERAL, [SPECIALIST], share=0.0).values, GENERAL.values)


def test_a_true_hierarchy_is_recombined_exactly():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 3)
    flat, parts = probabilities.copy(), []
    for names in ("ac", "bde"):
        columns = ["abcde".index(name) for name in names]
        parts.append(predictions(probabilities[:, columns] / probabilities[:, columns].sum(axis=1, keepdims=True), names))
        flat[:, columns] = probabilities[:, columns].mean(axis=1, keepdims=True)

    np.testing.assert_allclose(recombine(predictions(flat, "abcde"), parts).values, probabilities, rtol=1e-5)


@pytest.mark.parametrize(
    "specialists",
    [
        [predictions(np.ones((3, 2)) / 2, "ax")],
        [predictions(np.ones((2, 2)) / 2, "ab", ("1", "2"))],
        [predictions(np.ones((3, 2)) / 2, "ab"), predictions(np.ones((3, 2)) / 2, "bc")],
    ],
)
def test_specialists_that_do_not_fit_are_refused(specialists):
    with pytest.raises(PredictionInvalid):
        recombine(GENERAL, specialists)


def test_files_are_recombined_into_one_that_keeps_the_contract(tmp_path):
    form = Form("multiclass", GENERAL.ids, GENERAL.columns)
    write_predictions(tmp_path / "general.npz", GENERAL, form)
    write_predictions(tmp_path / "ab.npz", SPECIALIST, Form("multiclass", SPECIALIST.ids, SPECIALIST.columns))
    recombine_files(tmp_path / "general.npz", [tmp_path / "ab.npz"], tmp_path / "oof.npz")

    made = read_predictions(tmp_path / "oof.npz")
    assert form.faults(made.ids, made.columns, made.values) == []
    np.testing.assert_array_equal(made.values, recombine(GENERAL, [SPECIALIST]).values)


def test_the_command_recombines_files(tmp_path):
    write_predictions(tmp_path / "general.npz", GENERAL, Form("multiclass", GENERAL.ids, GENERAL.columns))
    write_predictions(tmp_path / "ab.npz", SPECIALIST, Form("multiclass", SPECIALIST.ids, SPECIALIST.columns))
    paths = [str(tmp_path / name) for name in ("general.npz", "ab.npz", "oof.npz")]

    assert main(["recombine", *paths[:2], "--share", "0", "--out", paths[2]]) == 0
    np.testing.assert_array_equal(read_predictions(paths[2]).values, GENERAL.values)
