"""Boosting starts from a regression and adds what no weighted sum can say."""

import numpy as np
import pytest
from stackyard.numerics.fold_rows import Setup, predict_rows, split_by_fold
from stackyard.numerics.level2 import LEVEL2
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import cross_fit

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


@pytest.mark.parametrize("task", TASKS)
def test_a_rate_of_nought_leaves_the_regression_that_it_starts_from(task):
    world = make_small_world(task)
    start = "ridge" if task == "regression" else "logistic"
    boosted = cross_fit("boosted_trees", world.oof, world.test, world.truth, world.folds, task, settings={"rate": 0.0, "rounds": 2})
    plain = cross_fit(start, world.oof, world.test, world.truth, world.folds, task)

    assert boosted.oof == pytest.approx(plain.oof, rel=1e-4, abs=1e-4)
    assert boosted.test == pytest.approx(plain.test, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_more_rounds_fit_the_training_rows_better(task):
    world = make_small_world(task)
    parts = split_by_fold(world.oof, world.truth, world.folds, task)
    losses = []
    for rounds in (1, 20, 80):
        predict = LEVEL2["boosted_trees"].fit(parts, Setup(task, settings={"rounds": rounds, "rate": 0.1}))
        told = np.concatenate([predict_rows(predict, part) for part in parts])
        truth = np.concatenate([world.truth[world.folds == part.fold] for part in parts])
        losses.append(METRICS[METRIC_OF[task]](truth, told[:, 0] if told.shape[1] == 1 else told))

    assert losses[0] > losses[1] > losses[2]


def test_labels_that_depend_on_each_other_are_told_apart():
    random = np.random.default_rng(0)
    either = random.random(1500) < 0.5
    truth = np.stack([either, ~either], axis=1)
    evidence = np.stack([either, np.zeros(1500)], axis=1) * 2.0 - 1.0
    odds = evidence + random.normal(size=(3, 1500, 2))
    oof = (1 / (1 + np.exp(-odds))).astype(np.float32)
    folds = np.arange(1500) % 3
    losses = {
        name: METRICS["binary_log_loss"](truth, cross_fit(name, oof, None, truth, folds, "multilabel").oof)
        for name in ("logistic", "boosted_trees")
    }

    # the second label's own models know nothing; those of the first know both
    assert losses["boosted_trees"] < 0.8 * losses["logistic"]


def test_many_models_are_summarised_and_no_model_is_lost_on_it():
    world = make_small_world("multilabel", rows=400, models=60)
    metric = METRICS["binary_log_loss"]
    loss = metric(world.truth, cross_fit("boosted_trees", world.oof, None, world.truth, world.folds, "multilabel").oof)

    assert loss < metric(world.truth, world.oof.mean(axis=0))
