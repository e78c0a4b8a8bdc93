"""Folds are balanced, reproducible, and refused by name where they cannot be made."""

import csv
import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
from stackyard.errors import FoldsInvalid
from stackyard.numerics.folds import fold_report, grouped_folds, regression_folds, stratified_folds


def deviations(flags, folds, count):
    """The greatest distance from the ideal share over the folds: of each label, and of the worst pair of labels."""
    counts = np.stack([flags[folds == k].T.astype(float) @ flags[folds == k] for k in range(count)])
    away = np.abs(counts - counts.sum(axis=0) / count).max(axis=0)
    return np.diag(away), (away - np.diag(np.diag(away))).max()


def least_possible(flags, count):
    """How far from its share a label must be in some fold, rows being whole."""
    rest = flags.sum(axis=0) % count / count
    return np.maximum(rest, np.where(rest > 0, 1 - rest, 0))


def peer_folds(flags, count, seed):
    folds = np.empty(len(flags), int)
    for k, (_, rows) in enumerate(MultilabelStratifiedKFold(count, shuffle=True, random_state=seed).split(flags, flags)):
        folds[rows] = k
    return folds


def label_sets(seed, rows=3000):
    """Twelve labels from rare to common that come together: pairs are far from independent."""
    random = np.random.default_rng(seed)
    topic = random.random((rows, 1)) < 0.4
    return random.random((rows, 12)) < np.where(topic, 1.5, 0.5) * np.geomspace(0.01, 0.5, 12)


@pytest.fixture(scope="module")
def planet(shared_data):
    with gzip.open(shared_data / "planet-labels" / "train_labels.csv.gz", "rt") as file:
        rows = [set(row["tags"].split()) for row in csv.DictReader(file)]
    tags = sorted(set().union(*rows))
    return np.array([[tag in row for tag in tags] for row in rows])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_planet_folds_are_as_balanced_as_the_peer_on_every_label_and_ten_times_on_the_worst_pair(planet, seed):
    labels, pair = deviations(planet, stratified_folds(planet, 10, seed), 10)
    peer_labels, peer_pair = deviations(planet, peer_folds(planet, 10, seed), 10)
    assert (labels <= peer_labels + 1e-9).all()
    assert pair <= peer_pair / 10


@pytest.mark.parametrize("seed", range(10))
def test_no_label_of_planet_can_be_better_balanced(planet, seed):
    labels, pair = deviations(planet, stratified_folds(planet, 10, seed), 10)
    np.testing.assert_allclose(labels, least_possible(planet, 10), atol=1e-9)
    assert pair <= 3


@pytest.mark.parametrize("count", [2, 5, 7])
def test_label_sets_are_balanced_by_label_and_by_pair(count):
    flags = label_sets(count)
    labels, pair = deviations(flags, stratified_folds(flags, count, 0), count)
    peer_labels, peer_pair = deviations(flags, peer_folds(flags, count, 0), count)
    assert (labels <= peer_labels + 1e-9).all()
    assert pair < peer_pair / 2


def test_more_label_combinations_than_fit_a_chunk_are_balanced_too():
    random = np.random.default_rng(0)
    flags = random.random((2500, 70)) < random.random(70) * 0.2
    labels, pair = deviations(flags, stratified_folds(flags, 5, 0), 5)
    peer_labels, peer_pair = deviations(flags, peer_folds(flags, 5, 0), 5)
    assert labels.max() < max(2.5, peer_labels.max())
    assert pair < peer_pair


@given(
    hnp.arrays(np.bool_, st.tuples(st.integers(2, 40), st.integers(1, 5))),
    st.integers(2, 6),
    st.integers(0, 9),
)
@settings(deadline=None)
def test_every_row_has_one_fold_and_sizes_differ_by_at_most_one(flags, count, seed):
    if count > len(flags):
        return
    for folds in (stratified_folds(flags, count, seed), regression_folds(flags.sum(axis=1).astype(float), count, seed)):
        sizes = np.bincount(folds, minlength=count)
        assert folds.shape == (len(flags),)
        assert sizes.sum() == len(flags)
        assert len(sizes) == count
        assert np.ptp(sizes) <= 1


@given(hnp.arrays(np.int64, st.integers(6, 60), elements=st.integers(0, 4)), st.integers(2, 6), st.integers(0, 9))
@settings(deadline=None)
def test_every_class_has_its_share_rounded_down_or_up(classes, count, seed):
    folds = stratified_folds(classes, count, seed)
    for name in np.unique(classes):
        assert np.ptp(np.bincount(folds[classes == name], minlength=count)) <= 1
    assert np.ptp(np.bincount(folds, minlength=count)) <= 1


def test_the_seed_decides_and_nothing_else():
    flags, groups = label_sets(1, rows=300), np.arange(300) // 4
    makers = [
        lambda seed: stratified_folds(flags, 5, seed),
        lambda seed: stratified_folds(flags.sum(axis=1), 5, seed),
        lambda seed: regression_folds(flags @ np.arange(12.0), 5, seed),
        lambda seed: grouped_folds(groups, flags, 5, seed),
    ]
    for make in makers:
        np.testing.assert_array_equal(make(3), make(3))
        assert (make(3) != make(4)).any()


def test_folds_do_not_depend_on_how_the_labels_are_stored():
    flags = label_sets(2, rows=400)
    expected = stratified_folds(flags, 5, 0)
    for same in (flags.astype(np.int8), flags.astype(float), np.asfortranarray(flags), flags.tolist()):
        np.testing.assert_array_equal(stratified_folds(same, 5, 0), expected)
    np.testing.assert_array_equal(stratified_folds(flags[:, :1], 5, 0), stratified_folds(flags[:, 0], 5, 0))


def test_a_global_seed_is_neither_read_nor_moved():
    before = np.random.get_state()[1].copy()
    stratified_folds(label_sets(3, rows=100), 5, 0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_rows_without_labels_and_equal_rows_are_dealt_evenly():
    flags = np.zeros((17, 3), bool)
    assert sorted(np.bincount(stratified_folds(flags, 5, 0))) == [3, 3, 3, 4, 4]


def test_each_fold_sees_the_whole_range_of_a_regression():
    values = np.random.default_rng(5).lognormal(size=1003)
    folds = regression_folds(values, 5, 0)
    edges = np.quantile(values, np.linspace(0, 1, 11))
    for k in range(5):
        counts, _ = np.histogram(values[folds == k], edges)
        assert np.ptp(counts) <= 4


def test_a_group_never_crosses_folds_and_classes_stay_balanced():
    random = np.random.default_rng(6)
    sizes = random.integers(1, 30, 200)
    groups = np.repeat(random.permutation(200), sizes)
    leaning = np.repeat(random.random(200), sizes)
    classes = (random.random(len(groups)) < leaning).astype(int)
    for labels in (classes, np.stack([classes, 1 - classes], axis=1).astype(bool)):
        folds = grouped_folds(groups, labels, 5, 0)
        assert all(len(set(folds[groups == name])) == 1 for name in range(200))
        for k in range(5):
            assert abs((folds == k).mean() - 0.2) < 0.004
            assert abs(classes[folds == k].mean() - classes.mean()) < 0.01


def test_groups_of_a_regression_are_balanced_by_decile():
    random = np.random.default_rng(7)
    groups, values = np.arange(2000) // 5, random.normal(size=2000)
    folds = grouped_folds(groups, values, 4, 0)
    means = [values[folds == k].mean() for k in range(4)]
    assert np.ptp(means) < 0.15
    assert np.ptp(np.bincount(folds)) <= 10


def test_group_names_may_be_text():
    folds = grouped_folds(np.array(["b", "a", "b", "c"]), np.zeros(4, int), 3, 0)
    assert folds[0] == folds[2]
    assert len(set(folds)) == 3


def test_a_class_with_fewer_positives_than_folds_is_reported_not_refused():
    flags = np.zeros((20, 3), bool)
    flags[:3, 1] = flags[:10, 2] = True
    folds = stratified_folds(flags, 5, 0)
    report = fold_report(flags, folds)
    assert report.scarce == [0, 1]
    assert report.sizes == [4] * 5
    assert [sum(row) for row in report.counts] == [0, 3, 10]
    assert max(report.counts[1]) == 1


def test_a_report_counts_classes_and_deciles():
    assert fold_report(np.array([0, 2, 2, 2]), np.array([0, 0, 1, 1])).counts == [[1, 0], [0, 0], [1, 2]]
    assert fold_report(np.arange(100.0), np.arange(100) % 2).counts == [[5, 5]] * 10


@pytest.mark.parametrize("make", [stratified_folds, regression_folds])
@pytest.mark.parametrize(("count", "seed"), [(1, 0), (0, 0), (-3, 0), (5, 0), (2, -1)])
def test_impossible_numbers_are_refused(make, count, seed):
    with pytest.raises(FoldsInvalid, match="expected"):
        make(np.array([0, 1, 0, 1]), count, seed)


def test_impossible_labels_and_groups_are_refused():
    with pytest.raises(FoldsInvalid, match="regression_folds"):
        stratified_folds(np.array([0.5, 1.5]), 2, 0)
    with pytest.raises(FoldsInvalid, match="shape"):
        stratified_folds(np.zeros((4, 2, 2), bool), 2, 0)
    with pytest.raises(FoldsInvalid, match="finite"):
        regression_folds(np.array([0.5, np.nan]), 2, 0)
    with pytest.raises(FoldsInvalid, match="at least 3 groups"):
        grouped_folds(np.array([0, 0, 1, 1]), np.zeros(4, int), 3, 0)
    with pytest.raises(FoldsInvalid, match="each of 3 rows"):
        grouped_folds(np.array([0, 0, 1, 1]), np.zeros(3, int), 2, 0)
