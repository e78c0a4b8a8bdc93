"""Trees with random splits keep their limits, say what their leaves hold, and are the same whoever grows them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stackyard.numerics.random_trees import BINS, Limits, bins_by_rank, bins_on_grid, grow, some_rows


def make_rows(seed, rows=300, features=4, columns=2):
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, features)).astype(np.float32) * 2
    targets = np.stack([(values[:, 0] > 0) ^ (values[:, 1] > 0), values[:, 2] > 1], axis=1)[:, :columns].astype(np.float32)
    return bins_on_grid(values), targets


def grown(bins, targets, limits, seed=0, curvature=None):
    means = np.empty((0, targets.shape[1]), np.float32)
    return grow(bins, targets, means if curvature is None else curvature, limits, seed)


def leaves_of(tree, bins):
    """Return each row's leaf, walking node by node."""
    leaves = np.zeros(len(bins), int)
    for row in range(len(bins)):
        node = 0
        while tree.feature[node] >= 0:
            node = tree.child[node] + int(bins[row, tree.feature[node]] > tree.threshold[node])
        leaves[row] = node
    return leaves


def said(tree, bins):
    sums = np.zeros((len(bins), tree.value.shape[1]), np.float32)
    tree.add_to(sums, bins)
    return sums


@given(seed=st.integers(0, 10_000), rows=st.integers(1, 200), least=st.integers(1, 30))
@settings(deadline=None)
def test_a_leaf_holds_enough_rows_and_says_their_mean(seed, rows, least):
    bins, targets = make_rows(seed, rows)
    tree = grown(bins, targets, Limits(least, 50, 5), seed)
    leaves = leaves_of(tree, bins)
    told = said(tree, bins)

    for leaf in np.unique(leaves):
        inside = leaves == leaf
        assert inside.sum() >= min(least, rows)
        assert told[inside] == pytest.approx(np.broadcast_to(targets[inside].mean(axis=0), told[inside].shape), abs=1e-5)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_no_leaf_is_deeper_than_it_may_be(depth):
    bins, targets = make_rows(1)
    tree = grown(bins, targets, Limits(1, depth, 20))

    assert (tree.feature < 0).sum() <= 2**depth
    assert len(tree.feature) == 2 * (tree.feature < 0).sum() - 1


def test_a_leaf_with_curvature_says_newtons_step():
    bins, targets = make_rows(2)
    curvature = np.full_like(targets, 0.25)
    tree = grown(bins, targets, Limits(10, 1, 20), curvature=curvature)
    leaves = leaves_of(tree, bins)

    for leaf in np.unique(leaves):
        inside = leaves == leaf
        expected = targets[inside].sum(axis=0) / (0.25 * inside.sum() + 1.0)
        assert tree.value[leaf] == pytest.approx(expected, rel=1e-5)
        assert tree.scaled(0.5).value[leaf] == pytest.approx(expected / 2, rel=1e-5)


def test_the_same_seed_grows_the_same_tree_and_another_one_another():
    bins, targets = make_rows(3)
    first, again, other = (grown(bins, targets, Limits(5, 20, 3), seed) for seed in (4, 4, 5))

    assert first.threshold.tobytes() == again.threshold.tobytes()
    assert said(first, bins).tobytes() == said(again, bins).tobytes()
    assert said(first, bins).tobytes() != said(other, bins).tobytes()


@pytest.mark.parametrize("columns", [1, 8, 17])
def test_what_each_of_many_columns_says_is_found(columns):
    bins, _ = make_rows(5)
    targets = np.repeat((bins[:, :1] > 140).astype(np.float32), columns, axis=1)
    tree = grown(bins, targets, Limits(5, 20, 30))

    assert np.abs(said(tree, bins) - targets).mean() < 0.03


def test_a_large_node_is_split_by_some_of_its_rows_where_all_would_split_it():
    values = np.random.default_rng(7).normal(size=(5_000, 2)).astype(np.float32)
    bins, targets = bins_on_grid(values), (values[:, :1] > 0).astype(np.float32)
    tree = grown(bins, targets, Limits(5, 1, 400, judges=1_000))

    assert tree.feature[0] == 0
    assert abs(int(tree.threshold[0]) - BINS // 2) <= 3


def test_constant_features_and_constant_targets_make_a_single_leaf():
    bins, targets = make_rows(6)
    assert len(grown(np.full_like(bins, 7), targets, Limits(1, 20, 5)).feature) == 1
    assert len(grown(bins, np.ones_like(targets), Limits(1, 20, 5)).feature) == 1


def test_the_grid_keeps_order_and_ends_at_the_ends():
    values = np.linspace(-20, 20, 2001)[:, None]
    bins = bins_on_grid(values)[:, 0].astype(int)

    assert (np.diff(bins) >= 0).all()
    assert (bins[0], bins[1000], bins[-1]) == (0, BINS // 2, BINS - 1)
    assert len(np.unique(bins)) > 200


def test_bins_by_rank_are_evenly_filled_on_any_scale():
    known = 1e6 * np.random.default_rng(0).exponential(size=(10_000, 2)) ** 3
    bins = bins_by_rank(known)(known)

    assert bins.shape == (10_000, 2)
    assert np.bincount(bins[:, 0], minlength=BINS).max() < 3 * 10_000 / BINS


def test_some_rows_are_different_ones_in_order():
    rows = some_rows(100, 30, np.random.default_rng(0))
    assert len(set(rows.tolist())) == 30
    assert (np.diff(rows) > 0).all()
    assert some_rows(5, 30, np.random.default_rng(0)).tolist() == [0, 1, 2, 3, 4]
