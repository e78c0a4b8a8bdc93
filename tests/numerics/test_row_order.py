"""Models whose rows are in another order than everyone else's are found; weak ones are left in peace."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.numerics.diagnostics import CHECKS, diagnose
from stackyard.numerics.row_order import permutation_z

from tests.numerics.second_level import TASKS
from tests.numerics.suspects import honest, with_model


@pytest.mark.parametrize("task", TASKS)
def test_a_model_whose_rows_are_shuffled_is_found(task):
    models = honest(task)
    order = np.random.default_rng(1).permutation(len(models.truth))
    found = [finding for finding in diagnose(with_model(models, 2, oof=models.oof[2][order])) if finding.kind == "permuted_rows"]

    assert [(finding.models, finding.severity) for finding in found] == [((2,), "severe")]
    assert found[0].numbers["folds"] == [0, 1, 2, 3, 4]
    assert found[0].numbers["z_of_other_models"] > 10
    assert found[0].numbers["sorted_likeness"] > 0.9
    assert "the ids probably belong to other rows" in found[0].sentence


def test_a_shuffle_within_one_fold_is_found_there(spooky):
    order = np.arange(len(spooky.truth))
    inside = np.flatnonzero(spooky.folds == 3)
    order[inside] = np.random.default_rng(0).permutation(inside)
    found = diagnose(with_model(spooky, 1, oof=spooky.oof[1][order]))
    shuffled = next(finding for finding in found if finding.kind == "permuted_rows")

    assert (shuffled.models, shuffled.numbers["folds"]) == ((1,), [3])
    assert "fold 3" in shuffled.sentence


def test_rows_of_two_that_were_shuffled_are_found_for_both(spooky):
    random = np.random.default_rng(0)
    for place in (0, 4):
        spooky = with_model(spooky, place, oof=spooky.oof[place][random.permutation(len(spooky.truth))])

    assert {finding.models for finding in CHECKS["permuted_rows"](spooky)} == {(0,), (4,)}


def test_noise_that_was_never_a_model_is_told_from_a_shuffled_one():
    models = honest("binary")
    jumps = (np.random.default_rng(1).random(1200) < 0.01).astype(np.float32)
    (found,) = CHECKS["permuted_rows"](with_model(models, 1, oof=jumps))

    assert found.sentence.endswith("shuffled, or without any signal.")


def test_a_weak_model_and_one_without_company_are_left_in_peace():
    models = honest("binary")
    weak = (0.5 + 0.02 * (models.oof[0] - 0.5) + 0.02 * np.random.default_rng(0).normal(size=1200)).astype(np.float32)
    alone = replace(models, names=["a"], oof=models.oof[:1], test=(), fold_values=np.empty((0, 0)))

    assert CHECKS["permuted_rows"](with_model(models, 3, oof=np.clip(weak, 0, 1))) == []
    assert CHECKS["permuted_rows"](alone) == []


@pytest.mark.parametrize("task", TASKS)
def test_a_prior_that_says_the_same_in_every_row_of_a_fold_has_no_order_to_lose(task):
    models = honest(task)
    prior = np.empty_like(models.oof[0])
    for fold in np.unique(models.folds):
        prior[models.folds == fold] = models.oof[0][models.folds != fold].mean(axis=0)

    assert CHECKS["permuted_rows"](with_model(models, 1, oof=prior)) == []


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_the_z_of_random_orders_is_standard_normal(seed, columns):
    random = np.random.default_rng(seed)
    # columns that hang together, as those of probabilities do
    one, other = (np.cumsum(random.exponential(size=(60, columns)), axis=1) for _ in range(2))
    z = [permutation_z(one[random.permutation(60)], other) for _ in range(200)]

    assert abs(np.mean(z)) < 0.4
    assert 0.7 < np.std(z) < 1.3
