"""What docs/kernels.md promises of every kernel and no other test shows: whatever the world is like, and in whatever order it comes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.errors import MetricUndefined
from stackyard.numerics.blending import bagged_weights, best_single_weights, greedy_weights, rank_mean
from stackyard.numerics.contributions import contributions
from stackyard.numerics.decisions import DECISIONS
from stackyard.numerics.diagnostics import diagnose
from stackyard.numerics.diversity import compare_models
from stackyard.numerics.duplicates import find_duplicates
from stackyard.numerics.evaluation import evaluate
from stackyard.numerics.folds import fold_report, grouped_folds, regression_folds, stratified_folds
from stackyard.numerics.hill_climbing import hill_climb_weights
from stackyard.numerics.label_groups import LabelGroup
from stackyard.numerics.labelling import expected_fbeta_labels
from stackyard.numerics.level2 import LEVEL2
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.resampling import resampled_scores
from stackyard.numerics.rows_of_models import Models
from stackyard.numerics.shares import search_rows
from stackyard.numerics.stacking import BLENDS, cross_fit, nested_blend

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world
from tests.numerics.worlds import hard_worlds, moved, seeds, some, without_positives

DRAWS = {"extra_trees", "boosted_trees", "neural_net"}
"""Methods that draw rows or features by their place: another order is another draw."""
QUICK = {
    "extra_trees": {"trees": 3},
    "boosted_trees": {"rounds": 3, "rows_per_leaf": 2},
    "neural_net": {"steps": 4, "seeds": 1, "hidden": 4},
}
KAPPA = "quadratic_weighted_kappa_score"


def level2(name, world, task):
    return cross_fit(name, world.oof, world.test, world.truth, world.folds, task, settings=QUICK.get(name))


def methods(task):
    return [name for name, method in LEVEL2.items() if task in method.tasks]


def is_like_predictions(values, task):
    in_range = task == "regression" or (values.min() >= 0 and values.max() <= 1)
    sums = task != "multiclass" or np.abs(values.sum(axis=1) - 1).max() < 1e-5
    return bool(np.isfinite(values).all() and in_range and sums)


def on_the_simplex(weights):
    return bool(weights.min() >= 0 and abs(weights.sum() - 1) < 1e-9)


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@some
def test_level_2_methods_answer_in_any_world_and_see_no_order_of_its_rows_or_models(task, data):
    world = data.draw(hard_worlds(task, rows=15))
    mixed, rows, _ = moved(world, len(world.truth))
    for name in set(methods(task)) - DRAWS:
        found = level2(name, world, task)
        assert is_like_predictions(found.oof, task), name
        assert is_like_predictions(found.test, task), name
        assert level2(name, mixed, task).oof == pytest.approx(found.oof[rows], abs=1e-2 if task == "regression" else 1e-3), name


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_methods_that_draw_answer_though_models_are_equal_and_a_fold_has_no_positives(task):
    world = without_positives(make_small_world(task, rows=36), task)
    twins = replace(world, oof=np.stack([world.oof[0]] * 2), test=np.stack([world.test[0]] * 2))
    for name in DRAWS:
        assert is_like_predictions(level2(name, twins, task).oof, task), name


@pytest.mark.parametrize("task", TASKS)
def test_one_row_a_fold_and_one_model_are_enough_for_level_2(task):
    world = make_small_world(task, rows=6)
    small = replace(world, oof=world.oof[:1, :2], test=world.test[:1, :1], truth=world.truth[:2], folds=np.arange(2))
    for name in methods(task):
        found = level2(name, small, task)
        assert is_like_predictions(found.oof, task), name
        assert is_like_predictions(found.test, task), name


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@some
def test_every_blend_has_weights_in_any_world(task, data):
    world = data.draw(hard_worlds(task))
    for name in BLENDS:
        found = nested_blend(world.oof, world.truth, world.folds, name, METRIC_OF[task], steps=5)
        assert all(on_the_simplex(weights) for weights in [found.weights, *found.weights_by_fold.values()]), name
        assert is_like_predictions(found.oof, task), name


@pytest.mark.parametrize("task", TASKS[:3])
@given(data=st.data())
@some
def test_searches_by_any_metric_and_hill_climbing_have_weights_in_any_world(task, data):
    world = data.draw(hard_worlds(task))
    for name, metric in METRICS.items():
        if task in metric.tasks:
            for find in (greedy_weights, best_single_weights):
                try:
                    more = {"steps": 5} if find is greedy_weights else {}
                    assert on_the_simplex(find(world.oof, world.truth, name, **more)), name
                except MetricUndefined:
                    assert all(undefined(metric, world.truth, model) for model in world.oof)
    climbed = hill_climb_weights(world.oof, world.truth)
    assert on_the_simplex(climbed)
    mixed, _, models = moved(world, 0)
    blends = [np.tensordot(weights, one.oof.astype(float), 1) for weights, one in ((climbed, world), (climbed[models], mixed))]
    losses = [METRICS[METRIC_OF[task]](one.truth, values) for values, one in zip(blends, (world, mixed), strict=True)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)


def undefined(metric, truth, prediction):
    try:
        metric(truth, prediction)
    except MetricUndefined:
        return True
    return False


def test_of_equal_models_the_first_is_the_best_single_one_and_one_gets_all():
    world = make_small_world("binary", rows=30)
    twins = np.stack([world.oof[0]] * 3)

    assert best_single_weights(twins, world.truth, "binary_log_loss").tolist() == [1.0, 0.0, 0.0]
    for find in (best_single_weights, bagged_weights, hill_climb_weights):
        given_metric = () if find is hill_climb_weights else ("binary_log_loss",)
        assert find(world.oof[:1, :1], world.truth[:1], *given_metric).tolist() == [1.0]


def judged(name, task, world):
    """Truth and predictions of a world as a metric takes them."""
    if name == "rmsle_loss":
        return np.abs(world.truth), np.abs(world.oof)
    return (np.rint(world.truth / 10) if (name, task) == (KAPPA, "regression") else world.truth), world.oof


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@some
def test_every_metric_is_finite_or_undefined_and_sees_no_order_of_rows(task, data):
    world = data.draw(hard_worlds(task))
    order = np.random.default_rng(0).permutation(len(world.truth))
    for name, metric in METRICS.items():
        if task not in metric.tasks:
            continue
        truth, oof = judged(name, task, world)
        for model, rows in ((oof[1], order), (oof[2], order), (oof[3], order[:1])):
            if undefined(metric, truth[rows], model[rows]):
                assert name in {"roc_auc_score", KAPPA}
                continue
            value = metric(truth[rows], model[rows])
            assert np.isfinite(value)
            assert value == pytest.approx(metric(truth[np.sort(rows)], model[np.sort(rows)]), rel=1e-9, abs=1e-12), name
        resampled = resampled_scores(metric, truth, oof[3], resamples=8)
        assert not np.isinf(resampled).any()


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@some
def test_every_decision_and_its_score_see_no_order_of_rows_in_any_world(task, data):
    world = data.draw(hard_worlds(task))
    order = np.random.default_rng(1).permutation(len(world.truth))
    for name, metric in METRICS.items():
        truth, oof = judged(name, task, world)
        for way in (way for way in DECISIONS.values() if metric.needs == "labels" and task in metric.tasks and way.serves(task, metric)):
            found = evaluate(truth, oof[1], world.folds, task, name, decision=way.name)
            again = evaluate(truth[order], oof[1][order], world.folds[order], task, name, decision=way.name)
            assert again.score == pytest.approx(found.score, abs=1e-9), (name, way.name)
            assert again.in_sample == pytest.approx(found.in_sample, abs=1e-9), (name, way.name)
            one = oof[2][:1]
            labels = way.apply(one, way.fit(one, truth[:1], task, metric, {}))
            assert len(labels) == 1


@given(data=st.data())
@some
def test_expected_fbeta_decides_each_row_alone_constant_certain_or_tied(data):
    world = data.draw(hard_worlds("multilabel"))
    order = np.random.default_rng(2).permutation(len(world.truth))
    for groups in ((), (LabelGroup("excludes", (1,), 0),)):
        for model in world.oof:
            labels = expected_fbeta_labels(model, groups=groups)
            np.testing.assert_array_equal(expected_fbeta_labels(model[order], groups=groups), labels[order])
            np.testing.assert_array_equal(expected_fbeta_labels(model[:1], groups=groups), labels[:1])


@given(seed=seeds, labels=st.integers(2, 4), count=st.integers(2, 5))
def test_labels_that_are_always_never_or_equally_true_are_dealt_evenly(seed, labels, count):
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 4, labels)
    drawn = random.random(30) < 0.3
    flags = np.stack([(np.zeros(30, bool), np.ones(30, bool), drawn, random.random(30) < 0.1)[kind] for kind in kinds], axis=1)
    folds = stratified_folds(flags, count, seed)
    counts = np.array(fold_report(flags, folds).counts)

    assert np.ptp(np.bincount(folds, minlength=count)) <= 1
    assert np.ptp(counts[(kinds < 2)], axis=1).max(initial=0) <= 1
    same = regression_folds(np.full(30, 7.0), count, seed)
    assert np.ptp(np.bincount(same, minlength=count)) <= 1
    groups = grouped_folds(np.arange(30) // 3, flags, count, seed)
    assert set(groups) == set(range(count))


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@some
def test_the_shares_of_a_search_lie_between_none_and_all_in_any_world(task, data):
    world = data.draw(hard_worlds(task))
    rows = search_rows(list(world.oof), world.truth, world.folds, METRICS[METRIC_OF[task]])
    paths = rows.paths(4)
    assert all(on_the_simplex(path.weights) for path in paths)
    for fold, path in enumerate(paths[1:]):
        shares = rows.best_shares(fold, path.weights)
        assert 0 <= shares.min() <= shares.max() <= 1


@given(seed=seeds)
def test_a_mean_of_ranks_turns_with_the_rows_and_shares_ties(seed):
    random = np.random.default_rng(seed)
    cells = random.integers(0, 4, (3, 9)) / 3
    rows, models = random.permutation(9), random.permutation(3)
    mixed = rank_mean(cells)

    assert rank_mean(cells[models][:, rows]) == pytest.approx(mixed[rows])
    assert rank_mean(np.ones((2, 5))) == pytest.approx(0.5)
    assert rank_mean(cells[:1, :1]).tolist() == [0.5]


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@some
def test_insight_has_numbers_in_any_world_and_finds_the_same_copies_in_any_order(task, data):
    world = data.draw(hard_worlds(task))
    mixed, _, models = moved(world, 3)
    copies = [{frozenset(group.members) for group in find_duplicates(one.oof, 0.0)} for one in (world, mixed)]
    assert {frozenset(int(models[place]) for place in group) for group in copies[1]} == copies[0]

    found = contributions(list(world.oof), world.truth, world.folds, task, METRIC_OF[task], steps=3)
    assert np.isfinite([found.value, *found.add_gain, *found.add_noise, *found.drop_gain, *found.drop_noise]).all()
    alike = compare_models(list(world.oof), task)
    assert np.isfinite([*alike.pearson.ravel(), *alike.spearman.ravel(), *alike.redundancy, alike.effective]).all()
    for finding in diagnose(Models(list("abcd"), list(world.oof), world.truth, world.folds, task, list(world.test))):
        json.dumps(finding.numbers, allow_nan=False)
