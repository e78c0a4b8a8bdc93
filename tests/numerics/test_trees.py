"""Of many features the forest adds to a regression what that leaves over, believed as far as rows that it did not see bear it out."""

import numpy as np
import pytest
from stackyard.numerics import trees as trees_module
from stackyard.numerics.fold_rows import Setup, predict_rows, split_by_fold
from stackyard.numerics.logistic import fit_logistic
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.ridge import fit_ridge
from stackyard.numerics.trees import fit_extra_trees

from tests.numerics.second_level import FAST, METRIC_OF, make_small_world

LOSS = METRICS["binary_log_loss"]


@pytest.fixture(params=["few features", "many features"])
def many(request, monkeypatch):
    """Say whether all features are taken for many, so that the forest is added to a regression."""
    if request.param == "many features":
        monkeypatch.setattr(trees_module, "are_many", lambda _: True)
    return request.param == "many features"


@pytest.fixture
def added(monkeypatch):
    monkeypatch.setattr(trees_module, "are_many", lambda _: True)


def bent_world(seed=0, rows=1500):
    """Return odds of two models whose sum says something, and whether they agree says more; two columns, (2, rows, 2)."""
    random = np.random.default_rng(seed)
    odds = random.normal(size=(2, rows, 2)).astype(np.float32)
    chances = 1 / (1 + np.exp(-odds.sum(axis=0) - 3 * np.sign(odds[0] * odds[1])))
    return (1 / (1 + np.exp(-odds))).astype(np.float32), random.random((rows, 2)) < chances


def fitted(fit, oof, truth, task="multilabel", settings=None, seed=0):
    """Return what is said of the first fold of three after learning from the others, and the truth there."""
    folds = np.arange(len(truth)) % 3
    held, *others = split_by_fold(oof, truth, folds, task)
    return predict_rows(fit(others, Setup(task, seed, settings or {})), held), truth[folds == 0]


def test_what_the_regression_cannot_say_the_forest_finds(many):
    oof, truth = bent_world()
    (trees, held), (regression, _) = fitted(fit_extra_trees, oof, truth), fitted(fit_logistic, oof, truth)

    assert LOSS(held, trees) < LOSS(held, regression) - 0.05


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_where_a_weighted_sum_says_all_the_forest_costs_next_to_nothing(task, added):
    world = make_small_world(task, rows=900)
    (trees, held), (regression, _) = (
        fitted(fit, world.oof, world.truth, task, FAST["extra_trees"] if fit is fit_extra_trees else {})
        for fit in (fit_extra_trees, fit_ridge if task == "regression" else fit_logistic)
    )
    loss = METRICS[METRIC_OF[task]]
    trees, regression = (values.reshape(held.shape) if task != "multiclass" else values for values in (trees, regression))

    assert loss(held, trees) < loss(held, regression) * 1.02


def test_another_seed_gives_another_forest_and_the_same_seed_the_same(many):
    oof, truth = bent_world(rows=400)
    one, again, other = (fitted(fit_extra_trees, oof, truth, settings={"trees": 5}, seed=seed)[0] for seed in (1, 1, 2))

    assert one.tobytes() == again.tobytes() != other.tobytes()


@pytest.mark.parametrize("rows", [3, 4, 12])
def test_a_handful_of_rows_is_enough_to_answer(rows, many):
    oof, truth = bent_world(rows=rows)
    said, held = fitted(fit_extra_trees, oof, truth, settings={"trees": 3})

    assert said.shape == held.shape
    assert ((said > 0) & (said < 1)).all()
