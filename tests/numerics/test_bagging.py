"""Bagged greedy selection is the mean of plain searches on samples of the rows, however many of them share their sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.errors import RecipeInvalid, ShapeMismatch
from stackyard.numerics.bagging import BAGS, bagged_greedy_weights, nested_bagged_greedy
from stackyard.numerics.blending import blend, greedy_path
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.row_blocks import RowBlocks

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


def by_hand(world, metric, bags, steps, seed):
    """Search each sample on its own, with its rows written out as often as the bag holds them."""
    random = np.random.default_rng(seed)
    blocks = RowBlocks.deal(world.folds, random)
    held = blocks.resample(bags, random)

    def mean_over(part):
        weights = []
        for bag in held:
            rows = np.concatenate([np.repeat(rows, count) for rows, count, use in zip(blocks.rows, bag, part, strict=True) if use])
            weights.append(greedy_path(world.oof[:, rows], world.truth[rows], metric, steps).weights)
        return np.mean(weights, axis=0)

    return mean_over(blocks.folds >= 0), {int(fold): mean_over(blocks.folds != fold) for fold in np.unique(world.folds)}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rows", [9, 240])
def test_every_bag_and_fold_is_a_plain_search_on_its_own_rows(task, rows):
    world = make_small_world(task, seed=rows, rows=rows)
    metric = METRICS[METRIC_OF[task]]
    found = nested_bagged_greedy(world.oof, world.truth, world.folds, metric, bags=4, steps=7, seed=3)
    weights, by_fold = by_hand(world, metric, bags=4, steps=7, seed=3)

    assert found.weights == pytest.approx(weights)
    assert list(found.by_fold) == list(by_fold)
    for fold, own in by_fold.items():
        assert found.by_fold[fold] == pytest.approx(own)
    assert found.path.picks.tolist() == greedy_path(world.oof, world.truth, metric, 7).picks.tolist()


def test_blocks_hold_every_row_once_and_no_two_folds():
    folds = np.random.default_rng(0).integers(0, 4, 1000)
    blocks = RowBlocks.deal(folds, np.random.default_rng(1))

    assert sorted(np.concatenate(blocks.rows)) == list(range(1000))
    assert all((folds[rows] == fold).all() for rows, fold in zip(blocks.rows, blocks.folds, strict=True))
    held = blocks.resample(5, np.random.default_rng(2))
    assert (held[0] == 1).all()
    for fold in range(4):
        assert (held[:, blocks.folds == fold].sum(axis=1) == (blocks.folds == fold).sum()).all()


def test_another_metric_is_searched_once_a_fold():
    world = make_small_world("binary")
    found = nested_bagged_greedy(world.oof, world.truth, world.folds, METRICS["roc_auc_score"], steps=5)

    for fold, weights in found.by_fold.items():
        rest = world.folds != fold
        assert (weights == greedy_path(world.oof[:, rest], world.truth[rest], "roc_auc_score", 5).weights).all()


@given(seed=st.integers(0, 10_000), task=st.sampled_from(TASKS), rows=st.integers(1, 40), models=st.integers(1, 5))
def test_weights_lie_on_the_simplex_and_do_not_depend_on_the_order_of_the_models(seed, task, rows, models):
    world = make_small_world(task, seed=seed, rows=60, models=models)
    oof, truth, folds = world.oof[:, :rows], world.truth[:rows], world.folds[:rows]
    order = np.random.default_rng(seed).permutation(models)
    metric = METRICS[METRIC_OF[task]]
    found = nested_bagged_greedy(oof, truth, folds, metric, bags=3, steps=5)
    turned = nested_bagged_greedy(oof[order], truth, folds, metric, bags=3, steps=5)

    for weights, others in [(found.weights, turned.weights), *((found.by_fold[fold], turned.by_fold[fold]) for fold in found.by_fold)]:
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)
        if rows > 5:  # with fewer rows models may be as good as each other, and then the first is taken
            assert others == pytest.approx(weights[order])


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_of_equal_models_the_first_is_taken(task):
    world = make_small_world(task)
    weights = bagged_greedy_weights(np.stack([world.oof[0]] * 3), world.truth, METRICS[METRIC_OF[task]], bags=3)

    assert weights == pytest.approx([1, 0, 0])


def test_certain_constant_and_absent_are_no_obstacle():
    world = make_small_world("multilabel")
    odd = world.oof.copy()
    odd[1], odd[2] = 0.5, world.oof[2] > 0.5
    truth = world.truth.copy()
    truth[world.folds == 0] = False
    found = nested_bagged_greedy(odd, truth, world.folds, METRICS["binary_log_loss"])

    for weights in (found.weights, *found.by_fold.values()):
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)


def test_a_folds_truth_never_reaches_its_own_weights():
    world = make_small_world("multiclass")
    changed = world.truth.copy()
    changed[world.folds == 1] = (changed[world.folds == 1] + 1) % 3
    metric = METRICS["multiclass_log_loss"]
    before = nested_bagged_greedy(world.oof, world.truth, world.folds, metric)
    after = nested_bagged_greedy(world.oof, changed, world.folds, metric)

    assert before.by_fold[1].tobytes() == after.by_fold[1].tobytes()
    assert (before.weights != after.weights).any()


def test_memory_mapped_predictions_give_the_same_bytes(tmp_path):
    world = make_small_world("multilabel")
    np.save(tmp_path / "oof.npy", world.oof)
    metric = METRICS["binary_log_loss"]
    mapped = nested_bagged_greedy(np.load(tmp_path / "oof.npy", mmap_mode="r"), world.truth, world.folds, metric)

    assert mapped.weights.tobytes() == nested_bagged_greedy(world.oof, world.truth, world.folds, metric).weights.tobytes()


def test_bagged_weights_vary_less_from_sample_to_sample_than_plain_ones():
    plain, bagged = [], []
    for seed in range(12):
        world = make_small_world("binary", seed=seed, rows=80, models=6)
        plain.append(greedy_path(world.oof, world.truth, "binary_log_loss").weights)
        bagged.append(bagged_greedy_weights(world.oof, world.truth, METRICS["binary_log_loss"], bags=BAGS))

    assert np.std(bagged, axis=0).mean() < np.std(plain, axis=0).mean()
    assert blend(world.oof, bagged[-1]).shape == world.truth.shape


def test_wrong_calls_are_refused_by_name():
    world, metric = make_small_world("binary"), METRICS["binary_log_loss"]
    for change in ({"bags": 0}, {"steps": 0}):
        with pytest.raises(RecipeInvalid):
            nested_bagged_greedy(world.oof, world.truth, world.folds, metric, **change)
    with pytest.raises(ShapeMismatch):
        nested_bagged_greedy(world.oof[:, 1:], world.truth, world.folds, metric)
