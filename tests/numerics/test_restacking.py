"""Level-2 methods that look at the competition's own features: they find what predictions do not say, and nothing about held-out rows."""

import numpy as np
import pytest
from stackyard.errors import RecipeInvalid, ShapeMismatch
from stackyard.numerics import logistic, ridge
from stackyard.numerics.level2 import LEVEL2
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.permuting import judge_trial, permute_within_folds
from stackyard.numerics.recipes import RESTACKING, serves
from stackyard.numerics.restacking import Features
from stackyard.numerics.stacking import cross_fit

from tests.numerics.second_level import FAST, METRIC_OF, TASKS, make_small_world

CASES = [(task, method) for task in TASKS for method in RESTACKING if serves(method, task) and (method != "neural_net" or task == "binary")]


def settings_of(method):
    return FAST.get(method, {})


def features_of(world, task, seed=0, scale=1.0):
    """Return a feature that tells of the truth what no model does, and one that is constant, one of noise."""
    random = np.random.default_rng(seed)
    truth = world.truth if world.truth.ndim == 1 else world.truth[:, 0]
    told = (truth - truth.mean()) / truth.std() + 0.5 * random.normal(size=len(truth))
    columns = np.stack([told, np.full(len(truth), 7.0), random.normal(size=len(truth))], axis=1) * scale
    return Features(columns.astype(np.float32), columns[::-1].astype(np.float32))


def fit(world, task, method, features=None, truth=None, test=None):
    truth = world.truth if truth is None else truth
    return cross_fit(method, world.oof, test, truth, world.folds, task, settings=settings_of(method), features=features)


@pytest.mark.parametrize(("task", "method"), CASES)
def test_what_only_the_features_tell_is_found(task, method):
    world = make_small_world(task, seed=1, rows=150, models=3)
    metric = METRICS[METRIC_OF[task]]
    with_features = fit(world, task, method, features_of(world, task))
    gain = metric(world.truth, fit(world, task, method).oof) - metric(world.truth, with_features.oof)

    assert gain > 0.02 * metric(world.truth, with_features.oof)


@pytest.mark.parametrize(("task", "method"), [("multilabel", method) for method in RESTACKING if method != "neural_net"])
def test_a_row_is_predicted_without_a_look_at_the_features_of_others_in_its_fold(task, method):
    world = make_small_world(task, seed=2, rows=90, models=2)
    features = features_of(world, task)
    held, others = world.folds == 0, features.test.copy()
    others[1:] = 1e6
    before = fit(world, task, method, features, test=world.test)
    after = fit(world, task, method, Features(features.train, others), test=world.test)
    mine = np.flatnonzero(held)[0]
    alone = features.train.copy()
    alone[held & (np.arange(90) != mine)] = 1e6
    changed = fit(world, task, method, Features(alone))

    assert np.array_equal(before.test[0], after.test[0])
    assert not np.array_equal(before.test, after.test)
    assert np.array_equal(before.oof[mine], changed.oof[mine])
    assert not np.array_equal(before.oof[world.folds == 1], changed.oof[world.folds == 1])


@pytest.mark.parametrize("method", ["ridge", "logistic", "extra_trees"])
def test_the_scale_of_features_does_not_matter(method):
    world = make_small_world("binary", seed=3, rows=120, models=2)
    features = features_of(world, "binary")
    moved = Features((1024.0 * features.train + 2.0**20).astype(np.float64))

    assert abs(fit(world, "binary", method, moved).oof - fit(world, "binary", method, features).oof).mean() < 2e-3


@pytest.mark.parametrize("method", ["ridge", "logistic", "extra_trees", "boosted_trees"])
def test_with_permuted_labels_features_stay_at_chance(method):
    world = make_small_world("binary", seed=4, rows=240, models=3)
    features = Features(np.random.default_rng(0).normal(size=(240, 8)).astype(np.float32))
    sigmas = []
    for seed in range(3):
        truth = permute_within_folds(world.truth, world.folds, np.random.default_rng(seed))
        oof = fit(world, "binary", method, features, truth).oof
        trial = judge_trial(METRICS["binary_log_loss"], truth, oof, world.folds, {}, seed=seed)
        sigmas.append((trial.chance - trial.score) / trial.sigma)

    assert max(sigmas) < 4
    assert np.mean(sigmas) < 2


@pytest.mark.parametrize(
    ("module", "limit", "task", "method"),
    [
        (ridge, "MOST_FEATURES", "multilabel", "ridge"),
        (logistic, "SOFTMAX_WEIGHTS", "multiclass", "logistic"),
    ],
)
def test_columns_that_are_learned_one_by_one_see_the_features_too(monkeypatch, module, limit, task, method):
    monkeypatch.setattr(module, limit, 3)
    world = make_small_world(task, seed=1, rows=150, models=3)
    metric = METRICS[METRIC_OF[task]]

    assert metric(world.truth, fit(world, task, method, features_of(world, task)).oof) < 0.98 * metric(
        world.truth, fit(world, task, method).oof
    )


def test_means_take_no_features_and_rows_must_fit():
    world = make_small_world("binary", rows=60)
    features = features_of(world, "binary")

    assert set(RESTACKING) <= set(LEVEL2)
    with pytest.raises(RecipeInvalid, match="takes features"):
        fit(world, "binary", "mean", features)
    with pytest.raises(ShapeMismatch, match="60 train rows"):
        fit(world, "binary", "ridge", Features(features.train[1:]))
    with pytest.raises(ShapeMismatch, match="test rows, got none"):
        fit(world, "binary", "ridge", Features(features.train), test=world.test)
