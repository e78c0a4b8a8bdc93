"""With labels shuffled there is nothing to find, and an honest second level finds nothing: its nested scores are at chance."""

import numpy as np
import pytest
from stackyard.numerics.fold_rows import Setup, as_columns, split_by_fold
from stackyard.numerics.level2 import LEVEL2, methods_for
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import cross_fit, nested_blend

from tests.numerics.second_level import FAST, METRIC_OF, make_small_world

SHUFFLES = 300
CASES = [("multiclass", 0), ("multilabel", 1), ("binary", 2)]


def sigmas_better_than_chance(truth, prediction, folds, metric):
    """Return by how many standard deviations the prediction beats what it scores on shuffled truth.

    Rows are shuffled within their fold: a fold's base rates are known to nobody who learned from the others.
    """
    random = np.random.default_rng(0)
    inside = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    by_chance = []
    for _ in range(SHUFFLES):
        order = np.empty(len(folds), np.intp)
        for rows in inside:
            order[rows] = random.permutation(rows)
        by_chance.append(METRICS[metric](truth[order], prediction))
    gain = METRICS[metric](truth, prediction) - np.mean(by_chance)
    return (gain if METRICS[metric].higher_is_better else -gain) / np.std(by_chance)


def shuffled_world(task, seed):
    world = make_small_world(task, seed=seed, rows=400, fold_count=4)
    truth = world.truth[np.random.default_rng(seed + 50).permutation(len(world.truth))]
    return world.oof, truth, np.random.default_rng(seed).permutation(np.arange(len(truth)) % 4)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def noise(request):
    """Return a task, and the second level of a world whose labels were shuffled."""
    task, seed = request.param
    oof, truth, folds = shuffled_world(task, seed)
    level2 = {name: cross_fit(name, oof, None, truth, folds, task, settings=FAST.get(name)).oof for name in methods_for(task)}
    return task, oof, truth, folds, level2


def test_every_level_2_method_is_at_chance(noise):
    task, _, truth, folds, level2 = noise
    for metric in (METRIC_OF[task], "roc_auc_score"):
        found = {name: sigmas_better_than_chance(truth, prediction, folds, metric) for name, prediction in level2.items()}
        assert all(abs(sigmas) <= 3 for sigmas in found.values()), (metric, found)


@pytest.mark.parametrize("blend_name", ["greedy", "simplex", "mean", "none"])
def test_every_blend_of_level_2_and_level_1_is_at_chance(noise, blend_name):
    task, oof, truth, folds, level2 = noise
    candidates = np.concatenate([np.stack(list(level2.values())), oof])
    nested = nested_blend(candidates, truth, folds, blend_name, METRIC_OF[task])

    for metric in (METRIC_OF[task], "roc_auc_score"):
        assert abs(sigmas_better_than_chance(truth, nested.oof, folds, metric)) <= 3


def test_nothing_learned_from_noise_is_better_than_the_base_rates(noise):
    task, oof, truth, folds, level2 = noise
    candidates = np.concatenate([np.stack(list(level2.values())), oof])
    blended = nested_blend(candidates, truth, folds, "simplex", METRIC_OF[task]).oof
    rates = np.empty(blended.shape)
    for fold in np.unique(folds):
        rest = truth[folds != fold]
        rates[folds == fold] = np.bincount(rest) / len(rest) if task == "multiclass" else rest.mean(axis=0)
    metric = METRICS[METRIC_OF[task]]
    spread = np.std(metric.rows(truth, blended) - metric.rows(truth, rates)) / np.sqrt(len(truth))

    for prediction in [*level2.values(), blended]:
        assert metric(truth, prediction) > metric(truth, rates) - 3 * spread - 1e-3


@pytest.mark.parametrize(("task", "seed"), CASES)
def test_a_leak_would_be_seen(task, seed):
    oof, truth, folds = shuffled_world(task, seed)
    parts = split_by_fold(oof, truth, folds, task)
    predict = LEVEL2["extra_trees"].fit(parts, Setup(task, settings=FAST["extra_trees"]))
    fitted_on_these_very_rows = predict(as_columns(oof)).reshape(oof.shape[1:])

    assert sigmas_better_than_chance(truth, fitted_on_these_very_rows, folds, METRIC_OF[task]) > 3
