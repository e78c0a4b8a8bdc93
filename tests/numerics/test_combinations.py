"""Votes, power means and linear combinations as level-2 methods."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stackyard.numerics.averages import geometric_mean, mean_of
from stackyard.numerics.class_weights import weights_by_column
from stackyard.numerics.fold_rows import FoldRows, Setup, split_by_fold
from stackyard.numerics.labelling import vote_labels
from stackyard.numerics.linear import PENALTIES, Sums, fit_linear
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.power_means import EXPONENTS, power_mean
from stackyard.numerics.stacking import cross_fit

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world

CLASSIFICATION = tuple(task for task in TASKS if task != "regression")
F2 = METRICS["f_beta_samples_score"]


def tag_files(seed=0, voters=5, rows=400, labels=4):
    """Return votes float32 (voters, rows, labels) of voters from good to bad, and the truth."""
    random = np.random.default_rng(seed)
    truth = random.random((rows, labels)) < 0.35
    wrong = random.random((voters, rows, labels)) < np.linspace(0.05, 0.35, voters)[:, None, None]
    return (truth ^ wrong).astype(np.float32), truth


def test_a_vote_keeps_a_tag_at_two_of_five():
    votes, truth = tag_files()
    found = cross_fit("vote", votes, votes, truth, np.arange(400) % 4, "multilabel")

    np.testing.assert_array_equal(found.oof, votes.sum(axis=0) >= 2)
    np.testing.assert_array_equal(found.test, found.oof)


def test_votes_by_score_weigh_each_voter_by_what_it_is_worth_on_other_folds():
    votes, truth = tag_files(1)
    folds = np.arange(400) % 4
    found = cross_fit("vote", votes, None, truth, folds, "multilabel", settings={"share": 0.5, "score_power": 8.0})

    for fold in range(4):
        others, held = folds != fold, folds == fold
        weights = np.array([F2(truth[others], model[others] > 0.5) for model in votes]) ** 8
        np.testing.assert_array_equal(found.oof[held], np.tensordot(weights / weights.sum(), votes[:, held], 1) >= 0.5 - 1e-9)
    alone = cross_fit("vote", votes, None, truth, folds, "multilabel", settings={"share": 0.5, "score_power": 100.0})
    np.testing.assert_array_equal(alone.oof, votes[0])


def test_voters_that_are_never_right_have_equal_votes():
    votes, truth = np.ones((2, 8, 3), np.float32), np.zeros((8, 3), bool)
    found = cross_fit("vote", votes, None, truth, np.arange(8) % 2, "multilabel", settings={"score_power": 1.0})
    assert (found.oof == 1).all()


def test_real_submissions_are_voted_on_as_numpy_counts(shared_data):
    table = pl.read_parquet(shared_data / "planet-tag-submissions" / "test_tags_bitmask.parquet").drop("image_name")
    masks = table.to_numpy().T
    # a row that is missing in a submission has -1 there, and no vote
    votes = ((masks[:, :, None] >> np.arange(17)) & 1 > 0) & (masks >= 0)[:, :, None]
    counts = votes.sum(axis=0)

    assert masks.shape == (23, 61_191)
    found = vote_labels(votes)
    np.testing.assert_array_equal(found, 5 * counts >= 2 * len(votes))
    weights = np.linspace(1, 2, len(votes))
    np.testing.assert_array_equal(vote_labels(votes, 0.5, weights), np.average(votes, axis=0, weights=weights) >= 0.5 - 1e-9)
    assert found.any(axis=1).mean() > 0.99


@given(hnp.arrays(np.bool_, (4, 6, 3)), st.permutations(range(4)), st.floats(0.05, 1))
@settings(deadline=None)
def test_a_vote_knows_no_order_of_voters_and_falls_with_the_share(votes, order, share):
    found = vote_labels(votes, share)
    np.testing.assert_array_equal(found, vote_labels(votes[order], share))
    assert (found <= vote_labels(votes, share / 2)).all()
    assert (found >= votes.all(axis=0)).all()


def probabilities_for(task, cells):
    return cells / cells.sum(axis=2, keepdims=True) if task == "multiclass" else cells


@pytest.mark.parametrize("task", CLASSIFICATION)
@given(cells=hnp.arrays(np.float64, (3, 5, 3), elements=st.floats(0.01, 0.99)), order=st.permutations(range(3)), exponent=st.floats(0, 32))
def test_power_means_know_no_order_and_lie_between_the_models(task, cells, order, exponent):
    cells = probabilities_for(task, cells)
    mixed = power_mean(cells, task, exponent)

    np.testing.assert_allclose(mixed, power_mean(cells[order], task, exponent), atol=1e-6)
    if task == "multiclass":
        assert mixed.sum(axis=1) == pytest.approx(1, abs=1e-6)
    else:
        assert (mixed >= cells.min(axis=0) - 1e-6).all()
        assert (mixed <= cells.max(axis=0) + 1e-6).all()


@pytest.mark.parametrize("task", CLASSIFICATION)
def test_power_means_have_the_known_means_as_special_cases(task):
    world = make_small_world(task)
    oof = world.oof if world.oof.ndim == 3 else world.oof[:, :, None]

    np.testing.assert_allclose(power_mean(oof, task, 1.0), mean_of(oof), atol=1e-6)
    np.testing.assert_array_equal(power_mean(oof, task, 0.0), geometric_mean(oof, task))
    np.testing.assert_allclose(power_mean(oof[:1], task, 3.0), oof[0], atol=1e-6)
    # towards exponent 0 it goes smoothly into the geometric mean, which knows no probability below its clip
    inner = probabilities_for(task, np.clip(oof, 1e-3, 1 - 1e-3))
    np.testing.assert_allclose(power_mean(inner, task, 2e-3), geometric_mean(inner, task), atol=5e-3)


@pytest.mark.parametrize("exponent", [0.25, 1.0, 32.0])
def test_noughts_and_ones_have_a_power_mean(exponent):
    cells = np.array([[[1.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]]])
    mixed = power_mean(cells, "multilabel", exponent)
    assert mixed[0] == pytest.approx([1, 0, 0.5])
    assert np.isfinite(power_mean(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]), "multiclass", exponent)).all()


def test_the_exponent_is_chosen_on_the_other_folds():
    world = make_small_world("multilabel", rows=300)
    found = cross_fit("best_power_mean", world.oof, world.test, world.truth, world.folds, "multilabel")
    log_loss = METRICS["binary_log_loss"]
    for fold in np.unique(world.folds):
        others, held = world.folds != fold, world.folds == fold
        losses = [log_loss(world.truth[others], power_mean(world.oof[:, others], "multilabel", one)) for one in EXPONENTS]
        expected = power_mean(world.oof[:, held], "multilabel", EXPONENTS[int(np.argmin(losses))])
        np.testing.assert_array_equal(found.oof[held], expected)


def test_an_exponent_that_is_set_is_used():
    world = make_small_world("binary")
    found = cross_fit("power_mean", world.oof, None, world.truth, world.folds, "binary", settings={"exponent": 4.0})
    np.testing.assert_array_equal(found.oof, power_mean(world.oof[:, :, None], "binary", 4.0)[:, 0])


def stacked_sums(world, task, penalty):
    parts = split_by_fold(world.oof, world.truth, world.folds, task)
    sums = Sums.of(parts[0])
    for part in parts[1:]:
        sums = sums + Sums.of(part)
    return sums, *sums.solve(penalty)


@pytest.mark.parametrize("task", TASKS)
def test_a_linear_combination_is_the_penalised_least_squares(task):
    world = make_small_world(task)
    sums, weights, constants = stacked_sums(world, task, 1e-3)
    parts = split_by_fold(world.oof, world.truth, world.folds, task)
    cells = np.concatenate([part.predictions for part in parts], axis=1).astype(np.float64)
    targets = np.concatenate([part.targets for part in parts]).astype(np.float64)
    strength = 1e-3 * np.mean([((model - model.mean(axis=0)) ** 2).sum() for model in cells])

    def objective(weights, constants):
        miss = np.tensordot(weights, cells, 1) + constants - targets
        return (miss**2).sum() + strength * ((weights - 0.25) ** 2).sum()

    best = objective(weights, constants)
    miss = ((np.tensordot(weights, cells, 1) + constants - targets) ** 2).sum()
    assert sums.squared_error(weights, constants) == pytest.approx(miss, rel=1e-8)
    random = np.random.default_rng(0)
    for _ in range(50):
        assert objective(weights + 0.01 * random.normal(size=4), constants + 0.01 * random.normal(size=constants.shape)) > best


def test_a_model_that_errs_where_another_does_gets_a_negative_weight():
    random = np.random.default_rng(2)
    truth, folds = random.normal(size=600), np.arange(600) % 4
    shared = random.normal(size=600)
    models = np.stack([truth + shared, 0.3 * truth + shared + 0.1 * random.normal(size=600)]).astype(np.float32) + 5
    found = cross_fit("linear", models, None, truth, folds, "regression")

    assert METRICS["rmse_loss"](truth, found.oof) < 0.3
    assert METRICS["rmse_loss"](truth, models[0] - 5) > 0.9


def test_equal_and_constant_models_share_their_weight():
    world = make_small_world("binary")
    oof = np.stack([world.oof[0], world.oof[0], np.full_like(world.oof[0], 0.4)])
    found = cross_fit("linear", oof, None, world.truth, world.folds, "binary")
    _, weights, _ = stacked_sums(type(world)(oof, world.test, world.truth, world.folds), "binary", PENALTIES[-1])

    assert weights[0] == pytest.approx(weights[1], rel=1e-6)
    assert METRICS["binary_log_loss"](world.truth, found.oof) < METRICS["binary_log_loss"](world.truth, world.oof[0])


@pytest.mark.parametrize("task", TASKS)
def test_the_order_of_models_and_rows_does_not_matter(task):
    world = make_small_world(task)
    order = np.random.default_rng(0).permutation(len(world.truth))
    for name in ("linear", "best_power_mean", "class_weights") if task != "regression" else ("linear",):
        first = cross_fit(name, world.oof, None, world.truth, world.folds, task).oof
        np.testing.assert_allclose(cross_fit(name, world.oof[::-1], None, world.truth, world.folds, task).oof, first, rtol=1e-4, atol=1e-5)
        moved = cross_fit(name, world.oof[:, order], None, world.truth[order], world.folds[order], task).oof
        np.testing.assert_allclose(moved, first[order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("task", CLASSIFICATION)
def test_weights_by_column_lie_on_the_simplex_and_turn_with_the_models(task):
    world = make_small_world(task)
    parts = split_by_fold(world.oof, world.truth, world.folds, task)
    cells = np.concatenate([part.predictions for part in parts], axis=1)
    targets = np.concatenate([part.targets for part in parts])
    weights = weights_by_column(cells, targets)

    assert weights.shape == (4, targets.shape[1])
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=0), 1)
    np.testing.assert_allclose(weights_by_column(cells[::-1], targets), weights[::-1], atol=1e-4)


def test_each_label_is_given_to_the_model_that_knows_it():
    random = np.random.default_rng(0)
    truth, folds = random.random((900, 2)) < 0.4, np.arange(900) % 3
    knows, guesses = np.where(truth, 0.8, 0.2), random.uniform(0.3, 0.5, truth.shape)
    oof = np.stack([np.stack([knows[:, 0], guesses[:, 1]], 1), np.stack([guesses[:, 0], knows[:, 1]], 1)]).astype(np.float32)
    log_loss = METRICS["binary_log_loss"]

    found = cross_fit("class_weights", oof, None, truth, folds, "multilabel").oof

    assert log_loss(truth, found) == pytest.approx(log_loss(truth, knows), abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_one_model_and_few_rows_have_a_linear_combination(task):
    world = make_small_world(task, rows=6, models=1, fold_count=3)
    found = cross_fit("linear", world.oof, world.test, world.truth, world.folds, task)
    assert np.isfinite(found.oof).all()
    assert np.isfinite(found.test).all()


def test_a_fold_without_positives_is_no_obstacle():
    world = make_small_world("multilabel")
    truth = world.truth.copy()
    truth[world.folds == 0] = False
    for name in ("linear", "best_power_mean", "vote", "class_weights"):
        assert np.isfinite(cross_fit(name, world.oof, None, truth, world.folds, "multilabel").oof).all()


def test_a_single_training_fold_is_enough():
    part = FoldRows(0, np.random.default_rng(0).random((2, 20, 1), np.float32), np.ones((20, 1), np.float32))
    predict = fit_linear([part], Setup("binary"))
    told = predict(part.predictions)
    assert told.max() == pytest.approx(1 - 1 / 22, abs=1e-6)
    assert told.min() > part.predictions.mean(axis=0).min()


@pytest.mark.parametrize("task", TASKS)
def test_a_linear_combination_is_no_worse_than_the_mean(task):
    world = make_small_world(task, rows=600)
    metric = METRICS[METRIC_OF[task]]
    nested = {name: cross_fit(name, world.oof, None, world.truth, world.folds, task).oof for name in ("linear", "mean")}
    assert metric(world.truth, nested["linear"]) < metric(world.truth, nested["mean"]) * 1.02
