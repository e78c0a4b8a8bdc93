"""Simplex weights are the optimum: a general solver finds none better, and the conditions of optimality hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from stackyard.errors import MetricUndefined
from stackyard.numerics.blending import blend, greedy_weights, simplex_weights
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.simplex import minimise_log_loss, minimise_pieces, minimise_squares
from stackyard.numerics.stacking import nested_blend

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


def general_optimum(loss, models):
    """Return the least loss on the simplex that scipy's general solver reaches."""
    sums_to_one = {"type": "eq", "fun": lambda weights: weights.sum() - 1}
    found = minimize(
        loss, np.full(models, 1 / models), method="SLSQP", bounds=[(0, 1)] * models, constraints=[sums_to_one], options={"ftol": 1e-13}
    )
    return found.fun


def on_the_simplex(weights):
    return weights.min() >= 0 and abs(weights.sum() - 1) < 1e-12


@given(seed=st.integers(0, 10_000), task=st.sampled_from(TASKS), models=st.integers(1, 6))
def test_a_general_solver_finds_no_lower_loss(seed, task, models):
    world = make_small_world(task, seed=seed, rows=80, models=models)
    metric = METRICS[METRIC_OF[task]]
    exact = world.oof.astype(np.float64)
    weights = simplex_weights(world.oof, world.truth, metric)

    assert on_the_simplex(weights)
    reached = metric(world.truth, np.tensordot(weights, exact, 1))
    assert reached <= general_optimum(lambda w: metric(world.truth, np.tensordot(np.clip(w, 0, None), exact, 1)), models) + 1e-7


@given(seed=st.integers(0, 10_000))
def test_at_the_optimum_no_model_would_gain_from_more_weight(seed):
    random = np.random.default_rng(seed)
    cells = random.random((5, 40)) ** random.uniform(0.2, 5)
    weights = minimise_log_loss(cells)
    ratios = (np.maximum(cells, 1e-15) / np.maximum(weights @ cells, 1e-15)).mean(axis=1)

    assert ratios.max() <= 1 + 1e-6
    assert ratios[weights > 1e-6] == pytest.approx(1, abs=1e-5)


@given(seed=st.integers(0, 10_000), task=st.sampled_from(TASKS))
def test_neither_the_order_of_rows_nor_that_of_models_matters(seed, task):
    random = np.random.default_rng(seed)
    world = make_small_world(task, seed=seed, rows=60)
    rows, models = random.permutation(60), random.permutation(len(world.oof))
    weights = simplex_weights(world.oof, world.truth, METRIC_OF[task])

    assert simplex_weights(world.oof[models][:, rows], world.truth[rows], METRIC_OF[task]) == pytest.approx(weights[models], abs=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_equal_models_share_their_weight(task):
    world = make_small_world(task)
    weights = simplex_weights(np.concatenate([world.oof, world.oof]), world.truth, METRIC_OF[task])
    alone = simplex_weights(world.oof, world.truth, METRIC_OF[task])

    assert weights[: len(alone)] == pytest.approx(weights[len(alone) :], abs=1e-4)
    assert weights[: len(alone)] * 2 == pytest.approx(alone, abs=1e-3)


def test_a_model_that_gives_the_truth_nothing_gets_nothing():
    truth = np.array([1, 0, 1])
    predictions = np.array([[0.0, 1.0, 0.0], [0.9, 0.1, 0.8], [1.0, 0.0, 1.0]], np.float32)

    assert simplex_weights(predictions, truth, "binary_log_loss") == pytest.approx([0, 0, 1], abs=1e-6)


def test_models_that_all_give_the_truth_nothing_still_get_weights():
    weights = simplex_weights(np.array([[0.0, 0.0], [0.0, 0.0]], np.float32), np.array([1, 1]), "binary_log_loss")
    assert on_the_simplex(weights)


def test_values_without_any_error_get_equal_weights():
    truth = np.array([1.0, 2.0])
    assert simplex_weights(np.stack([truth, truth]), truth, "rmse_loss").tolist() == [0.5, 0.5]


def test_opposite_errors_cancel():
    assert minimise_squares(np.array([[1.0, -1.0], [-1.0, 1.0]])) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("rows", [1, 2])
def test_a_row_or_two_are_enough(rows):
    world = make_small_world("multiclass")
    assert on_the_simplex(simplex_weights(world.oof[:, :rows], world.truth[:rows], "multiclass_log_loss"))


@pytest.mark.parametrize(
    ("task", "metric", "surrogate"),
    [
        ("binary", "roc_auc_score", "binary_log_loss"),
        ("multiclass", "accuracy_score", "multiclass_log_loss"),
        ("multilabel", "f_beta_samples_score", "binary_log_loss"),
        ("regression", "mae_loss", "rmse_loss"),
        ("regression", "quadratic_weighted_kappa_score", "rmse_loss"),
    ],
)
def test_another_metric_gets_the_surrogates_weights_unless_equal_ones_are_better(task, metric, surrogate):
    world = make_small_world(task, seed=2)
    weights = simplex_weights(world.oof, world.truth, metric)
    equal = np.full(len(world.oof), 1 / len(world.oof))
    candidates = [simplex_weights(world.oof, world.truth, surrogate), equal]
    values = [METRICS[metric](world.truth, blend(world.oof, candidate)) for candidate in candidates]

    assert METRICS[metric](world.truth, blend(world.oof, weights)) == (max(values) if METRICS[metric].higher_is_better else min(values))


def test_where_the_metric_is_undefined_the_surrogate_decides():
    truth = np.array([1, 1])
    predictions = np.array([[0.6, 0.6], [0.9, 0.9]], np.float32)
    with pytest.raises(MetricUndefined):
        METRICS["roc_auc_score"](truth, predictions[0])

    assert simplex_weights(predictions, truth, "roc_auc_score") == pytest.approx([0, 1], abs=1e-6)


def test_a_start_on_some_of_the_cells_leads_to_the_same_optimum(monkeypatch):
    random = np.random.default_rng(4)
    cells = random.random((30, 4_000)) ** random.uniform(0.2, 3, (30, 1))
    plain = minimise_log_loss(cells)
    monkeypatch.setattr("stackyard.numerics.simplex.CELLS_TO_START_ON", 200)

    assert minimise_log_loss(cells) == pytest.approx(plain, abs=1e-4)
    assert minimise_pieces([cells[:, :700], cells[:, 700:]]) == pytest.approx(plain, abs=1e-4)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("name", "alone"), [("simplex", simplex_weights), ("greedy", greedy_weights)])
def test_weights_found_for_all_folds_at_once_are_those_found_fold_by_fold(task, name, alone):
    world = make_small_world(task, seed=1)
    metric = METRIC_OF[task]
    found = nested_blend(world.oof, world.truth, world.folds, name, metric)

    assert found.weights == pytest.approx(alone(world.oof, world.truth, metric), abs=1e-4)
    for fold, weights in found.weights_by_fold.items():
        others = world.folds != fold
        assert weights == pytest.approx(alone(world.oof[:, others], world.truth[others], metric), abs=1e-4)
