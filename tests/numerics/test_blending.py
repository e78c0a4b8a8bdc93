"""A blend is a weighted mean; weights come from a registry of blends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.errors import ShapeMismatch
from stackyard.numerics.averages import geometric_mean
from stackyard.numerics.blending import BLENDS, best_single_weights, blend, mean_weights, rank_mean
from stackyard.numerics.metrics import METRICS

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


@pytest.mark.parametrize("task", TASKS)
def test_a_blend_is_the_weighted_mean_in_the_dtype_of_the_predictions(task):
    world = make_small_world(task)
    weights = np.array([3.0, 0.0, 1.0, 2.0])
    mixed = blend(world.oof, weights)

    assert mixed.dtype == np.float32
    assert mixed == pytest.approx(np.average(world.oof.astype(np.float64), axis=0, weights=weights), rel=1e-6)


def test_a_blend_of_multiclass_rows_sums_to_one():
    world = make_small_world("multiclass")
    assert blend(world.oof, np.array([0.1, 0.2, 0.3, 0.4])).sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_memory_mapped_predictions_blend_alike(tmp_path):
    world = make_small_world("multilabel")
    np.save(tmp_path / "oof.npy", world.oof)
    mapped = np.load(tmp_path / "oof.npy", mmap_mode="r")

    assert (blend(mapped, np.ones(4)) == blend(world.oof, np.ones(4))).all()
    for name in BLENDS:
        assert (BLENDS[name](mapped, world.truth, "binary_log_loss") == BLENDS[name](world.oof, world.truth, "binary_log_loss")).all()


@pytest.mark.parametrize("weights", [np.ones(3), np.ones((4, 1)), np.zeros(4), np.array([1, 1, 1, -0.1]), np.array([1, 1, 1, np.nan])])
def test_weights_that_make_no_mean_are_refused(weights):
    with pytest.raises(ShapeMismatch):
        blend(make_small_world("binary").oof, weights)


def test_the_rank_mean_looks_at_order_alone():
    world = make_small_world("binary")
    assert (rank_mean(world.oof) == rank_mean(world.oof**3)).all()
    assert METRICS["roc_auc_score"](world.truth, rank_mean(world.oof)) > 0.7


def test_the_geometric_mean_is_renormalised_over_the_classes_or_over_yes_and_no():
    multiclass = 0.9 * make_small_world("multiclass").oof.astype(np.float64) + 0.1 / 3
    product = np.prod(multiclass, axis=0) ** (1 / len(multiclass))
    assert geometric_mean(multiclass, "multiclass") == pytest.approx(product / product.sum(axis=1, keepdims=True), abs=1e-5)

    labels = 0.9 * make_small_world("multilabel").oof.astype(np.float64) + 0.05
    yes, no = (np.prod(cells, axis=0) ** (1 / len(labels)) for cells in (labels, 1 - labels))
    assert geometric_mean(labels, "multilabel") == pytest.approx(yes / (yes + no), abs=1e-5)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", BLENDS)
def test_every_blend_gives_weights_on_the_simplex_and_the_same_twice(name, task):
    world = make_small_world(task)
    weights = BLENDS[name](world.oof, world.truth, METRIC_OF[task])

    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert weights.tobytes() == BLENDS[name](world.oof, world.truth, METRIC_OF[task]).tobytes()


@given(seed=st.integers(0, 1000), task=st.sampled_from(TASKS))
def test_on_the_rows_it_was_found_on_simplex_beats_greedy_beats_the_best_single(seed, task):
    world = make_small_world(task, seed=seed, rows=50)
    metric = METRICS[METRIC_OF[task]]
    losses = {name: metric(world.truth, blend(world.oof, BLENDS[name](world.oof, world.truth, metric))) for name in BLENDS}

    assert losses["simplex"] <= losses["greedy"] * (1 + 1e-6)
    assert losses["greedy"] <= losses["none"] * (1 + 1e-6)
    assert losses["simplex"] <= losses["mean"] * (1 + 1e-6)


def test_mean_and_none_do_what_they_say():
    world = make_small_world("binary")
    assert mean_weights(world.oof, world.truth, "roc_auc_score").tolist() == [0.25] * 4
    assert best_single_weights(world.oof, world.truth, "roc_auc_score").tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("name", BLENDS)
def test_a_column_without_positives_is_no_obstacle(name):
    world = make_small_world("multilabel")
    truth = world.truth.copy()
    truth[:, 1] = False
    weights = BLENDS[name](world.oof, truth, "binary_log_loss")
    assert np.isfinite(weights).all()
