"""A weighted linear combination with a constant and without negative weights."""

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import lsq_linear
from stackyard.numerics.fold_rows import split_by_fold
from stackyard.numerics.linear import PENALTIES, Sums, total
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import cross_fit

from tests.numerics.second_level import TASKS, make_small_world
from tests.numerics.worlds import seeds, some


@pytest.mark.parametrize("task", TASKS)
@given(seed=seeds)
@some
def test_it_is_the_penalised_least_squares_of_a_general_solver_with_bounds(task, seed):
    world = make_small_world(task, seed=seed, rows=80)
    world.oof[1] = world.oof[0] if seed % 2 else 1 - world.oof[0]  # a copy, or one that is wrong on purpose
    penalty = float(PENALTIES[seed % len(PENALTIES)])
    parts = split_by_fold(world.oof, world.truth, world.folds, task)
    sums = total([Sums.of(part) for part in parts])
    weights, constants = sums.solve_positive(penalty)

    cells = np.concatenate([part.predictions for part in parts], axis=1).astype(np.float64)
    targets = np.concatenate([part.targets for part in parts]).astype(np.float64)
    centred = (cells - cells.mean(axis=1, keepdims=True)).reshape(len(cells), -1)
    strength = penalty * np.mean((centred**2).sum(axis=1))
    stacked = np.concatenate([centred.T, np.sqrt(strength) * np.eye(4)])
    wanted = np.concatenate([(targets - targets.mean(axis=0)).ravel(), np.full(4, np.sqrt(strength) / 4)])
    peer = lsq_linear(stacked, wanted, bounds=(0, np.inf), tol=1e-12)

    assert weights.min() >= 0
    assert ((stacked @ weights - wanted) ** 2).sum() == pytest.approx(2 * peer.cost, rel=1e-6)
    assert constants == pytest.approx(targets.mean(axis=0) - weights @ cells.mean(axis=1), rel=1e-6, abs=1e-9)
    free, _ = sums.solve(penalty)
    if free.min() >= 0:
        assert weights == pytest.approx(free, abs=1e-6)


def test_a_model_that_says_the_opposite_is_left_out_where_linear_turns_it_round():
    world = make_small_world("binary", rows=300)
    oof = np.stack([world.oof[3], 1 - world.oof[0]])  # the second knows more, the wrong way round
    found = {name: cross_fit(name, oof, None, world.truth, world.folds, "binary").oof for name in ("linear", "positive_linear")}
    loss = {name: METRICS["binary_log_loss"](world.truth, values) for name, values in found.items()}

    assert loss["linear"] < loss["positive_linear"] < METRICS["binary_log_loss"](world.truth, oof[0])
