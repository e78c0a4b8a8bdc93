"""Every kernel that finds weights keeps the same promises, whatever it is given."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stackyard.numerics.blending import greedy_weights, mean_weights, simplex_weights
from stackyard.numerics.class_weights import weights_by_column
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import BLENDS, nested_blend

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


def column_weights(predictions, truth, metric):
    """Of the first column: weights a column are as many problems of one column."""
    del metric
    return weights_by_column(predictions.reshape(*predictions.shape[:2], -1), truth.reshape(len(truth), -1))[:, 0]


KERNELS = {"greedy": greedy_weights, "simplex": simplex_weights, "mean": mean_weights, "class_weights": column_weights}
SERVED = [(name, task) for name in KERNELS for task in TASKS if name != "class_weights" or task in {"binary", "multilabel"}]
few = settings(max_examples=max(2, settings().max_examples // 4))


def on_the_simplex(weights):
    return bool(weights.min() >= 0 and abs(weights.sum() - 1) < 1e-9)


@pytest.mark.parametrize(("name", "task"), SERVED)
@given(seed=st.integers(0, 10_000))
@few
def test_weights_turn_with_the_models_and_do_not_see_the_order_of_the_rows(name, task, seed):
    random = np.random.default_rng(seed)
    world = make_small_world(task, seed=seed, rows=60)
    rows, models = random.permutation(60), random.permutation(len(world.oof))
    weights = KERNELS[name](world.oof, world.truth, METRIC_OF[task])

    assert on_the_simplex(weights)
    assert KERNELS[name](world.oof[:, rows], world.truth[rows], METRIC_OF[task]) == pytest.approx(weights, abs=1e-3)
    assert KERNELS[name](world.oof[models], world.truth, METRIC_OF[task]) == pytest.approx(weights[models], abs=1e-3)


@pytest.mark.parametrize(("name", "task"), SERVED)
@pytest.mark.parametrize(("rows", "models"), [(6, 1), (1, 3), (1, 1)])
def test_one_row_or_one_model_is_enough(name, task, rows, models):
    world = make_small_world(task, rows=6, models=models)
    assert on_the_simplex(KERNELS[name](world.oof[:, :rows], world.truth[:rows], METRIC_OF[task]))


@pytest.mark.parametrize(("name", "task"), SERVED)
def test_equal_models_constant_columns_and_certain_models_are_no_obstacle(name, task):
    world = make_small_world(task, rows=40)
    tied = np.stack([world.oof[0]] * 3)
    flat = np.full_like(world.oof, 1 / 3)
    certain = (world.oof == world.oof.max(axis=-1, keepdims=True)) if task == "multiclass" else world.oof > np.median(world.oof)
    for predictions in (tied, flat, certain.astype(np.float32)):
        assert on_the_simplex(KERNELS[name](predictions, world.truth, METRIC_OF[task]))


@pytest.mark.parametrize("name", BLENDS)
@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_a_fold_without_positives_is_no_obstacle_to_a_nested_blend(name, task):
    world = make_small_world(task)
    truth = world.truth.copy()
    truth[world.folds == 0] = 0
    found = nested_blend(world.oof, truth, world.folds, name, METRIC_OF[task])

    assert all(on_the_simplex(weights) for weights in [found.weights, *found.weights_by_fold.values()])
    assert np.isfinite(METRICS[METRIC_OF[task]](truth, found.oof))
