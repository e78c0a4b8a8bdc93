"""Every level-2 method, on every task it serves, keeps the same promises."""

import numpy as np
import pytest
import torch
from stackyard.errors import RecipeInvalid
from stackyard.numerics.fold_rows import Setup, split_by_fold
from stackyard.numerics.level2 import LEVEL2, methods_for
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.recipes import DEFAULT_BLEND, DEFAULT_LEVEL2, default_level2
from stackyard.numerics.stacking import BLENDS, cross_fit

from tests.numerics.second_level import FAST, METRIC_OF, TASKS, make_small_world

SERVED = [(name, task) for name, method in LEVEL2.items() for task in TASKS if task in method.tasks]
# One label and several; the other tasks are left to the longer proofs.
QUICK = [pytest.param(*pair, marks=pytest.mark.slow) if pair[1] in {"multiclass", "regression"} else pair for pair in SERVED]
LEARNS = {"ridge", "logistic", "extra_trees", "neural_net"}


def fit(name, task, world, **more):
    return cross_fit(name, world.oof, world.test, world.truth, world.folds, task, settings=FAST.get(name), **more)


@pytest.mark.parametrize(("name", "task"), SERVED)
def test_predictions_have_the_shape_and_range_of_a_level_1_models(name, task):
    world = make_small_world(task)
    result = fit(name, task, world)

    for values, like in ((result.oof, world.oof[0]), (result.test, world.test[0])):
        assert (values.shape, values.dtype) == (like.shape, np.float32)
        assert np.isfinite(values).all()
        if task != "regression":
            assert 0 <= values.min() < values.max() <= 1
        if task == "multiclass":
            assert values.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("name", "task"), SERVED)
def test_the_same_seed_gives_the_same_bytes(name, task):
    world = make_small_world(task)
    first, second = fit(name, task, world, seed=3), fit(name, task, world, seed=3, threads=2)

    assert first.oof.tobytes() == second.oof.tobytes()
    assert first.test.tobytes() == second.test.tobytes()


@pytest.mark.parametrize(("name", "task"), QUICK)
def test_a_folds_truth_never_reaches_that_folds_predictions(name, task):
    world = make_small_world(task)
    held = world.folds == 1
    changed = world.truth.copy()
    changed[held] = np.roll(changed[held], 5, axis=0)
    before = fit(name, task, world).oof
    after = cross_fit(name, world.oof, None, changed, world.folds, task, settings=FAST.get(name)).oof

    assert before[held].tobytes() == after[held].tobytes()
    if name in LEARNS:
        assert (before[~held] != after[~held]).any()


@pytest.mark.parametrize(("name", "task"), [pair for pair in SERVED if pair[0] in LEARNS - {"extra_trees"}])
def test_what_learns_beats_the_plain_mean_of_overconfident_models(name, task):
    world = make_small_world(task, rows=600)
    metric = METRICS[METRIC_OF[task]]

    assert metric(world.truth, fit(name, task, world).oof) < metric(world.truth, world.oof.mean(axis=0))


def make_exclusive_or():
    oof = np.random.default_rng(0).random((2, 900)).astype(np.float32)
    return oof, ((oof[0] > 0.5) != (oof[1] > 0.5)).astype(int)


@pytest.mark.parametrize(("name", "finds"), [("logistic", False), ("ridge", False), ("extra_trees", True), ("neural_net", True)])
def test_trees_and_nets_find_what_no_weighted_sum_can(name, finds):
    oof, truth = make_exclusive_or()
    enough = {"extra_trees": {"trees": 60}, "neural_net": {"steps": 300, "seeds": 1}}
    result = cross_fit(name, oof, None, truth, np.arange(900) % 3, "binary", settings=enough.get(name))

    assert (METRICS["roc_auc_score"](truth, result.oof) > 0.75) is finds


@pytest.mark.parametrize(("name", "task"), QUICK)
def test_constant_columns_certain_models_and_a_single_model_are_no_obstacle(name, task):
    world = make_small_world(task, rows=90)
    odd = world.oof.copy()
    odd[1] = odd[1].mean() if task != "multiclass" else 1 / 3
    odd[2] = (odd[2] == odd[2].max(axis=-1, keepdims=True)) if task == "multiclass" else odd[2] > np.median(odd[2])
    for oof in (odd, odd[1:2], odd[2:3]):
        result = cross_fit(name, oof, oof, world.truth, world.folds, task, settings=FAST.get(name))
        assert np.isfinite(result.oof).all()
        assert np.isfinite(result.test).all()


@pytest.mark.parametrize("name", methods_for("multilabel"))
@pytest.mark.parametrize("positives_in", [[], [2]])
def test_a_label_without_positives_in_the_training_folds_is_no_obstacle(name, positives_in):
    world = make_small_world("multilabel", rows=120)
    truth = world.truth.copy()
    truth[~np.isin(world.folds, positives_in), 0] = False
    result = cross_fit(name, world.oof, None, truth, world.folds, "multilabel", settings=FAST.get(name))

    assert np.isfinite(METRICS["binary_log_loss"](truth, result.oof))


@pytest.mark.parametrize("name", methods_for("binary"))
def test_two_folds_leave_a_single_inner_one_and_that_is_enough(name):
    world = make_small_world("binary", fold_count=2)
    assert METRICS["roc_auc_score"](world.truth, fit(name, "binary", world).oof) > 0.6


@pytest.mark.parametrize("name", ["mean", "geometric_mean", "ridge", "logistic"])
def test_the_order_of_the_models_does_not_matter(name):
    world = make_small_world("multiclass")
    turned = cross_fit(name, world.oof[::-1], None, world.truth, world.folds, "multiclass")
    assert turned.oof == pytest.approx(fit(name, "multiclass", world).oof, abs=1e-4)


def test_another_seed_gives_other_trees_and_nets():
    oof, truth = make_exclusive_or()
    for name in ("extra_trees", "neural_net"):
        one, other = (
            cross_fit(name, oof, None, truth, np.arange(900) % 3, "binary", seed=seed, settings=FAST[name]).oof for seed in (0, 1)
        )
        assert (one != other).any()


def test_torchs_global_generator_and_threads_are_left_alone():
    world = make_small_world("binary", rows=60)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    fit("neural_net", "binary", world)

    assert (torch.get_rng_state() == state).all()
    assert torch.get_num_threads() == threads


def test_many_classes_fall_back_to_one_regression_a_class():
    world = make_small_world("multiclass", rows=900, models=4, columns=14, signal=3.0)
    result = fit("logistic", "multiclass", world)
    metric = METRICS["multiclass_log_loss"]

    assert result.oof.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert metric(world.truth, result.oof) < min(metric(world.truth, model) for model in world.oof)


def test_the_default_recipe_names_only_what_there_is():
    assert set(DEFAULT_LEVEL2) <= set(LEVEL2)
    assert DEFAULT_BLEND in BLENDS
    for task in TASKS:
        assert [name for name in methods_for(task) if name in DEFAULT_LEVEL2] == list(default_level2(task))


@pytest.mark.parametrize(
    ("name", "task", "given"),
    [
        ("logistic", "regression", {}),
        ("neural_net", "binary", {"depth": 3}),
        ("neural_net", "binary", {"seeds": 0}),
        ("neural_net", "binary", {"seeds": 1.5}),
        ("neural_net", "binary", {"rate": -1}),
        ("neural_net", "binary", {"dropout": 1.0}),
        ("neural_net", "binary", {"decay": float("nan")}),
        ("extra_trees", "binary", {"trees": True}),
        ("mean", "binary", {"trees": 3}),
    ],
)
def test_a_method_refuses_tasks_and_settings_it_does_not_know(name, task, given):
    with pytest.raises(RecipeInvalid):
        LEVEL2[name].check(task, given)


def test_what_a_fold_keeps_is_made_once():
    world = make_small_world("binary")
    part = split_by_fold(world.oof, world.truth, world.folds, "binary")[0]
    calls = []
    for _ in range(2):
        part.keep("rows", lambda rows: calls.append(len(rows.targets)))
    assert calls == [int((world.folds == 0).sum())]
    assert Setup("binary").threads == 1
