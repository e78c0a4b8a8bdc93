"""A trace of doubt bounds what one row can cost, and hardly costs anything itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.numerics.doubt import ROWS, Doubt
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import nested_blend

from tests.numerics.second_level import make_small_world

BINARY, MULTICLASS = METRICS["binary_log_loss"], METRICS["multiclass_log_loss"]


@given(rows=st.integers(1, 10_000), classes=st.integers(2, 200))
def test_being_certain_and_right_everywhere_costs_a_tenth_of_a_nat_at_most(rows, classes):
    truth = np.arange(rows) % classes
    certain = np.eye(classes)[truth]
    loss = MULTICLASS(truth, Doubt.of(MULTICLASS, rows, classes).admit(certain))

    assert 0 <= loss * rows <= ROWS * 1.06


def test_rows_sum_to_1_as_before_and_nothing_leaves_0_to_1():
    values = np.array([[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]], np.float32)
    doubted = Doubt.of(MULTICLASS, 2, 3).admit(values)

    assert doubted.dtype == np.float32
    assert doubted.sum(axis=1) == pytest.approx(1)
    assert 0 < doubted.min() < doubted.max() < 1


def test_without_a_log_loss_there_is_no_doubt():
    values = np.array([0.0, 1.0])
    assert Doubt.of(METRICS["rmse_loss"], 2, 1).admit(values) is values
    assert Doubt.of(METRICS["roc_auc_score"], 2, 1).admit(values) is values


def test_the_order_of_probabilities_stays():
    values = np.linspace(0, 1, 101)
    assert (np.diff(Doubt.of(BINARY, 50, 1).admit(values)) > 0).all()


def test_one_row_that_all_models_get_surely_wrong_no_longer_decides_the_nested_score():
    world = make_small_world("binary", rows=300)
    oof = world.oof.copy()
    oof[:, 0] = 1.0 - world.truth[0]
    found = nested_blend(oof, world.truth, world.folds, "greedy", "binary_log_loss")
    row = BINARY(world.truth[:1], found.oof[:1])

    assert found.doubt == Doubt.of(BINARY, 300, 1)
    assert 7 < row < 10
    assert BINARY(world.truth[:1], np.array([1.0 - world.truth[0]])) > 34
