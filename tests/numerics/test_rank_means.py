"""A mean of ranks keeps the order of each model, however many rows there are to rank among."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stackyard.numerics import rank_means
from stackyard.numerics.stacking import cross_fit

from tests.numerics.second_level import TASKS, make_small_world


def fitted(world, task):
    return cross_fit("rank_mean", world.oof, world.test, world.truth, world.folds, task)


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_counting_on_a_grid_gives_what_sorting_gives(task, monkeypatch):
    world = make_small_world(task, rows=3000)
    exact = fitted(world, task)
    monkeypatch.setattr(rank_means, "FEW_CELLS", 0)
    counted = fitted(world, task)

    assert counted.oof == pytest.approx(exact.oof, abs=0.01)
    assert counted.test == pytest.approx(exact.test, abs=0.01)
    assert np.abs(counted.oof - exact.oof).mean() < 1e-3


@given(seed=st.integers(0, 10_000), few=st.sampled_from([0, 10**9]))
@settings(deadline=None)
def test_one_models_order_stays(seed, few):
    world = make_small_world("binary", seed=seed, rows=90, models=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rank_means, "FEW_CELLS", few)
        ranked = cross_fit("rank_mean", world.oof, None, world.truth, world.folds, "binary").oof
    for fold in range(3):
        own = world.folds == fold
        order = np.argsort(world.oof[0, own])
        assert (np.diff(ranked[own][order]) >= -1e-6).all()


@pytest.mark.parametrize("few", [0, 10**9])
def test_certain_and_constant_models_are_no_obstacle(few, monkeypatch):
    monkeypatch.setattr(rank_means, "FEW_CELLS", few)
    world = make_small_world("multilabel", rows=90)
    oof = world.oof.copy()
    oof[1], oof[2] = 0.5, oof[2] > 0.5
    ranked = cross_fit("rank_mean", oof, oof, world.truth, world.folds, "multilabel")

    for values in (ranked.oof, ranked.test):
        assert np.isfinite(values).all()
        assert 0 <= values.min() <= values.max() <= 1


def test_every_task_has_ranks():
    for task in TASKS:
        world = make_small_world(task)
        assert np.isfinite(fitted(world, task).oof).all()
