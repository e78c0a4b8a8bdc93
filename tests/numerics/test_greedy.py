"""Greedy selection equals the plain loop that it stands for, on every fast path."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.errors import MetricUndefined, RecipeInvalid, ShapeMismatch, SpecInvalid, UnknownMetric
from stackyard.numerics.blending import blend, greedy_path, greedy_weights
from stackyard.numerics.metrics import METRICS

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


def naive_greedy(predictions, truth, metric, steps, **options):
    """The definition, word for word: try every model, judge the mean, keep the first best; then the first best prefix."""
    chosen, picks, values = METRICS[metric], [], []
    for _ in range(steps):
        tried = [
            chosen(truth, np.mean([predictions[k].astype(np.float64) for k in [*picks, model]], axis=0), **options)
            for model in range(len(predictions))
        ]
        best = 0
        for model in range(1, len(tried)):
            if chosen.is_better(tried[model], tried[best]):
                best = model
        picks.append(best)
        values.append(tried[best])
    length = 1 + min(range(steps), key=lambda step: -values[step] if chosen.higher_is_better else values[step])
    return picks, values, np.bincount(picks[:length], minlength=len(predictions)) / length


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rows", [1, 7, 60, 431])
def test_the_fast_path_takes_the_picks_of_the_plain_loop(task, rows):
    world = make_small_world(task, seed=rows, rows=450)
    predictions, truth = world.oof[:, :rows], world.truth[:rows]
    path = greedy_path(predictions, truth, METRIC_OF[task], steps=12)
    picks, values, weights = naive_greedy(predictions, truth, METRIC_OF[task], 12)

    assert path.picks.tolist() == picks
    assert path.values == pytest.approx(values, rel=1e-6)
    assert path.weights == pytest.approx(weights)


@pytest.mark.parametrize(
    ("task", "metric", "options"),
    [
        ("multilabel", "f_beta_samples_score", {"beta": 2, "threshold": 0.3}),
        ("multilabel", "f_beta_samples_score", {"beta": 0.5, "threshold": 0.0}),
        ("multilabel", "f_beta_samples_score", {"beta": 1, "threshold": 1.0, "zero_division": 0}),
        ("binary", "roc_auc_score", {}),
        ("multiclass", "accuracy_score", {}),
        ("regression", "mae_loss", {}),
        ("regression", "rmsle_loss", {}),
    ],
)
def test_any_other_metric_is_judged_as_it_is(task, metric, options):
    world = make_small_world(task, seed=3, rows=120)
    path = greedy_path(world.oof, world.truth, metric, steps=8, **options)
    picks, values, weights = naive_greedy(world.oof, world.truth, metric, 8, **options)

    assert path.picks.tolist() == picks
    assert path.values == pytest.approx(values)
    assert path.weights == pytest.approx(weights)


def test_many_cells_on_several_threads_sum_as_few_do():
    random = np.random.default_rng(0)
    truth = random.random(60_001) < 0.3
    predictions = random.random((3, 60_001)).astype(np.float32)
    path = greedy_path(predictions, truth, "binary_log_loss", steps=3)

    assert path.values[-1] == pytest.approx(METRICS["binary_log_loss"](truth, predictions[path.picks].mean(axis=0)), rel=1e-6)
    assert path.values.tobytes() == greedy_path(predictions, truth, "binary_log_loss", steps=3).values.tobytes()


@pytest.mark.parametrize("task", TASKS)
def test_the_first_step_is_the_best_single_model(task):
    world = make_small_world(task)
    metric = METRICS[METRIC_OF[task]]
    path = greedy_path(world.oof, world.truth, metric, steps=1)

    assert path.picks[0] == np.argmin([metric(world.truth, model) for model in world.oof])
    assert path.weights.tolist() == np.eye(len(world.oof))[path.picks[0]].tolist()


@pytest.mark.parametrize("task", TASKS)
def test_the_kept_prefix_is_the_best_one_and_its_weights_give_its_value(task):
    world = make_small_world(task)
    metric = METRICS[METRIC_OF[task]]
    path = greedy_path(world.oof, world.truth, metric, steps=20)

    assert path.values[path.best_step - 1] == path.values.min()
    assert metric(world.truth, blend(world.oof, path.weights)) == pytest.approx(path.values.min(), rel=1e-5)


@pytest.mark.parametrize("metric", ["multiclass_log_loss", "accuracy_score"])
def test_of_equal_models_the_first_is_taken(metric):
    world = make_small_world("multiclass")
    twins = np.stack([world.oof[0]] * 3)

    assert greedy_weights(twins, world.truth, metric).tolist() == [1.0, 0.0, 0.0]


def test_one_model_gets_all_the_weight():
    world = make_small_world("binary")
    assert greedy_weights(world.oof[:1], world.truth, "binary_log_loss").tolist() == [1.0]


def test_probabilities_of_exactly_0_and_1_cost_what_the_metric_says():
    truth = np.array([1, 0, 1, 0])
    predictions = np.array([[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]], np.float32)
    path = greedy_path(predictions, truth, "binary_log_loss", steps=2)

    assert path.values == pytest.approx([METRICS["binary_log_loss"](truth, predictions[0]), np.log(2)], rel=1e-6)


def test_a_model_for_which_the_metric_is_undefined_is_no_candidate():
    truth = np.array([1, 1, 1, 1])
    predictions = np.array([[[0.1, 0.9]] * 4, [[0.9, 0.1]] * 4], np.float32)

    assert greedy_weights(predictions, truth, "quadratic_weighted_kappa_score", steps=2).tolist() == [0.0, 1.0]
    with pytest.raises(MetricUndefined):
        greedy_weights(predictions[:1], truth, "quadratic_weighted_kappa_score")


@given(seed=st.integers(0, 10_000), task=st.sampled_from(TASKS))
def test_neither_the_order_of_rows_nor_that_of_models_matters(seed, task):
    random = np.random.default_rng(seed)
    world = make_small_world(task, seed=seed, rows=60)
    rows, models = random.permutation(60), random.permutation(len(world.oof))
    path = greedy_path(world.oof, world.truth, METRIC_OF[task], steps=6)
    mixed = greedy_path(world.oof[models][:, rows], world.truth[rows], METRIC_OF[task], steps=6)

    assert mixed.values == pytest.approx(path.values, rel=1e-7)
    assert mixed.weights == pytest.approx(path.weights[models])


def test_wrong_calls_are_refused_by_name():
    world = make_small_world("multiclass")
    with pytest.raises(UnknownMetric):
        greedy_weights(world.oof, world.truth, "log_loss")
    with pytest.raises(ShapeMismatch):
        greedy_weights(world.oof[:, 1:], world.truth, "multiclass_log_loss")
    with pytest.raises(ShapeMismatch):
        greedy_weights(world.oof[:0], world.truth, "multiclass_log_loss")
    with pytest.raises(RecipeInvalid):
        greedy_weights(world.oof, world.truth, "multiclass_log_loss", steps=0)
    with pytest.raises(SpecInvalid):
        greedy_weights(world.oof, world.truth, "multiclass_log_loss", beta=2)


@given(seed=st.integers(0, 10_000), threshold=st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.75]))
def test_f_beta_decides_cells_exactly_at_the_threshold_as_the_metric_does(seed, threshold):
    random = np.random.default_rng(seed)
    truth = random.random((30, 4)) < 0.4
    # quarters, so that many sums meet the threshold exactly
    predictions = (random.integers(0, 5, (3, 30, 4)) / 4).astype(np.float32)
    path = greedy_path(predictions, truth, "f_beta_samples_score", steps=12, threshold=threshold)

    total = np.zeros(truth.shape)
    for size, (pick, value) in enumerate(zip(path.picks, path.values, strict=True), 1):
        judged = [METRICS["f_beta_samples_score"](truth, (total + model) / size, threshold=threshold) for model in predictions]
        assert value == pytest.approx(judged[pick], abs=1e-12)
        # of means that are as good the first is taken: the metric's own sum of floats may tell them apart by its rounding
        assert pick == np.flatnonzero(judged >= np.max(judged) - 1e-12)[0]
        total += predictions[pick]


@given(seed=st.integers(0, 10_000), models=st.integers(1, 5), steps=st.integers(1, 40))
def test_f_beta_of_every_step_is_the_metric_of_its_mean_in_whatever_order_rows_come(seed, models, steps):
    random = np.random.default_rng(seed)
    truth = random.random((40, 3)) < 0.3
    predictions = np.clip(random.normal(0.6 * truth + 0.1, random.choice([0.02, 0.2]), (models, *truth.shape)), 0, 1)
    path = greedy_path(predictions, truth, "f_beta_samples_score", steps=steps, threshold=0.3)

    totals = np.cumsum(predictions[path.picks], axis=0)
    for size, (total, value) in enumerate(zip(totals, path.values, strict=True), 1):
        assert value == pytest.approx(METRICS["f_beta_samples_score"](truth, total / size, threshold=0.3), abs=1e-12)
    order = random.permutation(len(truth))
    shuffled = greedy_path(predictions[:, order], truth[order], "f_beta_samples_score", steps=steps, threshold=0.3)
    assert shuffled.picks.tolist() == path.picks.tolist()
    assert shuffled.values.tobytes() == path.values.tobytes()
