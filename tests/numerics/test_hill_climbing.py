"""Hill climbing tries few mixtures and finds what trying all would."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stackyard.errors import RecipeInvalid, ShapeMismatch
from stackyard.numerics import hill_climbing
from stackyard.numerics.hill_climbing import WEIGHTS, best_mix, hill_climb_weights, lower_bounds, mix_losses

FLOOR = np.float32(1e-15)


def exact(blend, cells, weights):
    return np.array([[-np.log((1 - w) * blend.astype(float) + w * model.astype(float)).mean() for w in weights] for model in cells])


def own_losses(cells):
    return exact(cells[0], cells, [1.0])[:, 0].tolist()


def models(seed, count=7, rows=3000):
    random = np.random.default_rng(seed)
    common = random.normal(1.0, 1.0, rows)
    odds = common + random.normal(0, 1.0, (count, rows)) * random.uniform(0.3, 2.0, (count, 1)) + random.normal(0, 0.3, (count, 1))
    return (1 / (1 + np.exp(-odds))).astype(np.float32)


@pytest.mark.parametrize("seed", range(8))
def test_the_best_mixture_is_that_of_trying_all(seed):
    cells = models(seed)
    losses, others = own_losses(cells), range(1, len(cells))
    values = exact(cells[0], cells[1:], WEIGHTS)
    found = best_mix(cells[0], cells, others, losses[0], losses)
    assert found.loss == pytest.approx(values.min(), abs=1e-8)
    assert values[found.model - 1, np.flatnonzero(found.weight == WEIGHTS)[0]] == pytest.approx(values.min(), abs=1e-8)


def test_few_of_all_mixtures_are_tried_on_all_cells(monkeypatch):
    cells, tried = models(3, count=30), []

    def counting(blend, cells, chosen, weights, parts=None):
        tried.append(len(chosen) if parts is None else 0)
        return mix_losses(blend, cells, chosen, weights, parts)

    monkeypatch.setattr(hill_climbing, "mix_losses", counting)
    losses = own_losses(cells)
    best_mix(cells[0], cells, range(1, 30), losses[0], losses)
    assert sum(tried) < 29 * len(WEIGHTS) / 10


@given(hnp.arrays(np.float32, st.tuples(st.integers(2, 4), st.integers(1, 30)), elements=st.floats(0, 1, width=32)))
@settings(deadline=None)
def test_no_mixture_beats_the_one_found_whatever_the_probabilities(cells):
    cells = np.maximum(cells, FLOOR)  # exactly 0 and 1 are among them
    losses, values = own_losses(cells), exact(cells[0], cells[1:], WEIGHTS)
    found = best_mix(cells[0], cells, range(1, len(cells)), losses[0], losses)
    assert (losses[0] if found is None else found.loss) <= min(losses[0], values.min()) + 1e-5


def test_a_loss_of_many_cells_is_that_of_float64_in_every_part():
    cells = models(1, count=3, rows=50_003)
    chosen, weights = np.array([1, 2, 1]), np.array([0.01, 0.5, 0.37])
    expected = [exact(cells[0], cells[m : m + 1], [w])[0, 0] for m, w in zip(chosen, weights, strict=True)]
    assert mix_losses(cells[0], cells, chosen, weights) == pytest.approx(expected, abs=1e-7)


def test_copies_of_the_best_model_are_not_mixed_in():
    cells = np.repeat(models(0, count=1), 3, axis=0)
    assert hill_climb_weights(cells, np.ones(cells.shape[1], int)).tolist() == [1.0, 0.0, 0.0]


def test_the_loss_falls_with_every_step_and_weights_sum_to_one():
    cells = models(5)
    truth, last = np.ones(cells.shape[1], int), np.inf
    for steps in range(1, 6):
        weights = hill_climb_weights(cells, truth, steps)
        assert weights.sum() == pytest.approx(1.0)
        assert weights.min() >= 0
        loss = -np.log(weights @ cells.astype(float)).mean()
        assert loss <= last + 1e-9
        last = loss


def test_the_order_of_models_and_rows_does_not_matter():
    cells = models(6, rows=500)
    truth, random = np.ones(500, int), np.random.default_rng(0)
    weights, order = hill_climb_weights(cells, truth), random.permutation(len(cells))
    np.testing.assert_allclose(hill_climb_weights(cells[order], truth), weights[order], atol=1e-12)
    np.testing.assert_allclose(hill_climb_weights(cells[:, random.permutation(500)], truth), weights, atol=1e-12)


def test_one_model_and_one_row_have_an_answer():
    assert hill_climb_weights(np.array([[0.3, 0.6]]), np.array([0, 1])).tolist() == [1.0]
    assert hill_climb_weights(np.array([[0.3], [0.6]]), np.array([1])).tolist() == [0.0, 1.0]


def test_chords_bound_a_convex_function_from_below():
    places = np.array([0.0, 0.3, 0.5, 1.0])
    wanted = np.setdiff1d(np.linspace(0.01, 0.99, 99).round(2), places)
    bounds = lower_bounds(places.tolist(), np.exp(places).tolist(), wanted)
    assert (bounds <= np.exp(wanted) + 1e-12).all()
    assert np.isfinite(bounds).all()


def test_impossible_requests_are_named():
    with pytest.raises(RecipeInvalid):
        hill_climb_weights(np.array([[0.3]]), np.array([1]), steps=0)
    with pytest.raises(ShapeMismatch):
        hill_climb_weights(np.array([[0.3, 0.4]]), np.array([1]))
