"""The float32 pass is only ever trusted where it cannot be wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stackyard.numerics import expected_fbeta
from stackyard.numerics.expected_fbeta import best_label_sets
from stackyard.numerics.expected_fbeta_float32 import LABELS, MARGIN, label_sets_float32
from stackyard.numerics.expected_fbeta_float64 import exact_label_sets


def rows_of_all_kinds(seed, labels, rows=3000):
    random = np.random.default_rng(seed)
    cells = random.random((rows, labels)) ** random.choice([0.2, 1, 3, 20], (rows, 1))
    cells[: rows // 4] = cells[: rows // 4].round(1)  # ties, exact 0 and 1
    cells[0], cells[1], cells[2], cells[3] = 0.0, 1.0, 0.5, 1e-9
    return random.permutation(cells)


@pytest.mark.parametrize("labels", [1, 2, 5, 17, LABELS, LABELS + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sets_are_those_of_float64(labels, dtype):
    cells = rows_of_all_kinds(labels, labels).astype(dtype)
    for squared_beta, zero_division in ((4.0, 0.0), (4.0, 1.0), (0.25, 1.0), (1.0, 0.0), (0.0, 0.5), (100.0, 1.0), (4.0, 2.0)):
        chosen = best_label_sets(cells, squared_beta, zero_division)
        np.testing.assert_array_equal(chosen, exact_label_sets(cells, squared_beta, zero_division))


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 8)), elements=st.floats(0, 1)), st.sampled_from([0.25, 1.0, 4.0]))
@settings(deadline=None)
def test_any_rows_are_decided_as_in_float64(cells, squared_beta):
    np.testing.assert_array_equal(best_label_sets(cells, squared_beta, 1.0), exact_label_sets(cells, squared_beta, 1.0))


def test_a_row_whose_two_best_sets_are_nearly_as_good_is_left_to_float64():
    cells = np.full((1, 2), 0.6)
    low, high = 0.0, 0.6
    for _ in range(60):  # where the second label just becomes worth taking
        cells[0, 1] = (low + high) / 2
        taken = exact_label_sets(cells, 4.0, 1.0)[0, 1]
        low, high = (low, cells[0, 1]) if taken else (cells[0, 1], high)
    network = expected_fbeta._sorting_network(2)
    for shift, expected in ((0.0, False), (0.1 * float(MARGIN), False), (0.05, True)):
        near = np.array([[0.6, high + shift]])
        sure, out = np.zeros(1, bool), np.zeros((1, 2), bool)
        label_sets_float32(near, network, 4.0, 1.0, out, sure)
        assert sure[0] == expected


def test_most_rows_need_no_second_look():
    cells = np.random.default_rng(0).random((5000, 17)) ** 4
    sure, out = np.zeros(len(cells), bool), np.zeros(cells.shape, bool)
    label_sets_float32(cells, expected_fbeta._sorting_network(17), 4.0, 0.0, out, sure)
    assert sure.mean() > 0.98


def test_the_number_of_shares_changes_nothing(monkeypatch):
    cells = rows_of_all_kinds(7, 6)
    whole = best_label_sets(cells, 4.0, 1.0)
    monkeypatch.setattr(expected_fbeta, "SHARE_ROWS", 100)
    np.testing.assert_array_equal(best_label_sets(cells, 4.0, 1.0), whole)


@pytest.mark.parametrize("count", range(1, LABELS + 1))
def test_a_network_sorts_every_row_of_zeros_and_ones_that_is_tried(count):
    """Of networks it is enough to try zeros and ones."""
    random = np.random.default_rng(count)
    rows = np.arange(2**count) if count <= 10 else random.integers(0, 2**count, 2000)
    values = (rows[:, None] >> np.arange(count)) & 1
    for i, j in expected_fbeta._sorting_network(count):
        upper, lower = values[:, i].copy(), values[:, j].copy()
        values[:, i], values[:, j] = np.maximum(upper, lower), np.minimum(upper, lower)
    assert (np.diff(values, axis=1) <= 0).all()
