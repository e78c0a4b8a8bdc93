"""Sums of logarithms by products are the sums that numpy takes one by one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.numerics.greedy import LogLossSearch, walk
from stackyard.numerics.log_sums import FEW_CELLS, GROUP, SWEEP, cells_dtype, sum_logs_along, sum_logs_with_each


def reference(cells, counts, edges):
    sums = np.empty((len(counts), len(edges) - 1, len(cells)))
    for i, mixture in enumerate(counts):
        for j, model in enumerate(cells.astype(np.float64)):
            logs = np.log((mixture @ cells.astype(np.float64) + model) / (mixture.sum() + 1))
            sums[i, :, j] = [logs[start:stop].sum() for start, stop in pairwise(edges)]
    return sums


@given(
    seed=st.integers(0, 10_000),
    size=st.sampled_from([1, 7, GROUP - 1, GROUP, GROUP + 1, SWEEP, 5 * SWEEP + 3]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_any_length_and_precision_sums_as_numpy_does(seed, size, dtype):
    random = np.random.default_rng(seed)
    cells = np.maximum(random.random((4, size)) ** 9, 1e-15).astype(dtype)
    cells[random.random((4, size)) < 0.1] = 1e-15
    cells[random.random((4, size)) < 0.1] = 1.0
    counts = random.integers(0, 3, (3, 4)) * (random.random((3, 1)) < 0.8)
    edges = np.unique(np.r_[0, random.integers(0, size, 2), size])

    found = sum_logs_with_each(cells, counts, edges)
    assert found == pytest.approx(reference(cells, counts, edges), rel=1e-6, abs=1e-5 if dtype is np.float32 else 1e-11)


@given(seed=st.integers(0, 10_000), size=st.sampled_from([1, GROUP, 5 * SWEEP + 3]), dtype=st.sampled_from([np.float32, np.float64]))
def test_a_running_sum_is_judged_as_the_mixtures_that_it_goes_through(seed, size, dtype):
    random = np.random.default_rng(seed)
    cells = np.maximum(random.random((4, size)) ** 9, 1e-15).astype(dtype)
    edges = np.unique(np.r_[0, random.integers(0, size, 2), size])
    total = cells[0] + cells[2]
    found = sum_logs_along(cells, total, 2, [1, 1], [3, 0], edges)

    assert total == pytest.approx(cells[0] + cells[2] + 2 * cells[1], rel=1e-6)
    assert found == pytest.approx(
        sum_logs_with_each(cells, np.array([[1, 2, 1, 0], [1, 2, 1, 1], [2, 2, 1, 1]]), edges), rel=1e-6, abs=1e-5
    )


@pytest.mark.parametrize("count", [0, 1, 255, 256, 10_000_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_however_many_models_are_summed_no_product_overflows(count, dtype):
    cells, counts, edges = np.full((1, SWEEP + 7), 0.999, dtype), np.array([[count]]), np.array([0, SWEEP + 7])
    assert sum_logs_with_each(cells, counts, edges) == pytest.approx(reference(cells, counts, edges), rel=1e-3)


def test_cells_of_1_add_nothing():
    counts = np.array([[3, 5]])
    assert sum_logs_with_each(np.ones((2, 1000)), counts, np.array([0, 1000])) == pytest.approx(np.zeros((1, 1, 2)), abs=1e-9)


def test_all_cells_at_the_floor_underflow_nowhere():
    found = sum_logs_with_each(np.full((2, 2 * SWEEP), 1e-15, np.float32), np.array([[0, 0]]), np.array([0, 2 * SWEEP]))
    assert found == pytest.approx(np.full((1, 1, 2), 2 * SWEEP * np.log(1e-15)))


def test_few_cells_are_kept_exactly_and_many_in_half_the_memory():
    assert cells_dtype(10, FEW_CELLS // 10 - 1) is np.float64
    assert cells_dtype(10, FEW_CELLS // 10) is np.float32


@pytest.mark.parametrize("common", [0.2, 2.0])
def test_foreseen_picks_change_nothing(common):
    random = np.random.default_rng(1)
    odds = common * random.normal(size=60_000) + random.normal(size=(20, 60_000)) + 1.0
    cells = (1 / (1 + np.exp(-odds))).astype(np.float32)
    plain = LogLossSearch(cells)
    plain.ahead = 0
    expected, found = walk(plain, 20, False, 25), walk(LogLossSearch(cells), 20, False, 25)

    assert found.picks.tolist() == expected.picks.tolist()
    assert found.values.tobytes() == expected.values.tobytes()
