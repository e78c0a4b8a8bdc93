import numpy as np
import pytest

from pipelines.errors import LabelUnknown, PredictionInvalid
from pipelines.subsets import narrow, recombine

GENERAL = np.array([[0.2, 0.2, 0.6], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]])
SPECIALIST = {"ab": (["b", "a"], np.array([[0.9, 0.1], [0.5, 0.5], [0.3, 0.7]]))}


def test_without_wanted_labels_all_stays():
    classes, truth, learns = narrow("regression", ["price"], np.array([1.5, 2.0]), ())

    assert (classes, truth.tolist(), learns.tolist()) == (("price",), [1.5, 2.0], [True, True])


def test_a_multilabel_specialist_learns_from_all_rows():
    truth = np.array([[True, False, True], [False, True, True]])
    classes, own, learns = narrow("multilabel", ["a", "b", "c"], truth, ("c",))

    assert (classes, own.tolist(), learns.tolist()) == (("c",), [[True], [True]], [True, True])


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


def test_a_specialist_shares_out_what_the_general_net_gives_its_group():
    combined = recombine(GENERAL, ["a", "b", "c"], SPECIALIST)

    np.testing.assert_allclose(combined, [[0.04, 0.36, 0.6], [0.25, 0.25, 0.5], [0, 0, 1]])


def test_a_share_lies_between_the_two():
    half = recombine(GENERAL, ["a", "b", "c"], SPECIALIST, share=0.5)

    np.testing.assert_allclose(half, (GENERAL + recombine(GENERAL, ["a", "b", "c"], SPECIALIST)) / 2)
    np.testing.assert_array_equal(recombine(GENERAL, ["a", "b", "c"], SPECIALIST, share=0.0), GENERAL)


def test_a_true_hierarchy_is_recombined_exactly():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 20)
    groups = {"first": ["a", "c"], "second": ["b", "d", "e"]}
    flat, parts = probabilities.copy(), {}
    for group, names in groups.items():
        columns = ["abcde".index(name) for name in names]
        parts[group] = (names, probabilities[:, columns] / probabilities[:, columns].sum(axis=1, keepdims=True))
        flat[:, columns] = probabilities[:, columns].mean(axis=1, keepdims=True)

    np.testing.assert_allclose(recombine(flat, list("abcde"), parts), probabilities)


@pytest.mark.parametrize(
    "specialists",
    [
        {"ab": (["a", "x"], np.ones((3, 2)))},
        {"ab": (["a", "b"], np.ones((2, 2)))},
        {"ab": (["a", "b"], np.ones((3, 2))), "bc": (["b", "c"], np.ones((3, 2)))},
        {"aa": (["a", "a"], np.ones((3, 2)))},
    ],
)
def test_specialists_that_do_not_fit_are_refused(specialists):
    with pytest.raises(PredictionInvalid):
        recombine(GENERAL, ["a", "b", "c"], specialists)
