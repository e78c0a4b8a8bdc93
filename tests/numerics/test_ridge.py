"""Ridge from sums over folds is ridge on the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from stackyard.numerics.ridge import PENALTIES, Spectrum, Sums, best_penalties, squared_error
from stackyard.numerics.stacking import cross_fit

from tests.numerics.second_level import make_small_world


def make_rows(seed, rows=60, features=5, columns=2):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features)) * random.uniform(0.1, 9, features) + random.normal(size=features)
    return x, x @ random.normal(size=(features, columns)) * 0.3 + random.normal(size=(rows, columns))


@given(seed=st.integers(0, 10_000), penalty=st.sampled_from(PENALTIES.tolist()))
def test_coefficients_equal_scikit_learns_on_standardised_rows(seed, penalty):
    x, y = make_rows(seed)
    coefficients, intercepts = Spectrum.of(Sums.of(x, y)).solve(penalty)
    scaler = StandardScaler().fit(x)
    peer = Ridge(alpha=penalty * len(x)).fit(scaler.transform(x), y)

    assert x @ coefficients + intercepts == pytest.approx(peer.predict(scaler.transform(x)), abs=1e-6)


@given(seed=st.integers(0, 10_000))
def test_sums_of_parts_are_the_sums_of_the_whole_and_tell_the_squared_error(seed):
    x, y = make_rows(seed)
    whole, parts = Sums.of(x, y), Sums.of(x[:20], y[:20]) + Sums.of(x[20:], y[20:])
    coefficients, intercepts = Spectrum.of(whole).solve(0.1)

    assert parts.xx == pytest.approx(whole.xx)
    error = ((x @ coefficients + intercepts - y) ** 2).sum(axis=0)
    assert squared_error(parts, coefficients, intercepts) == pytest.approx(error)


def test_each_column_gets_the_penalty_that_predicts_the_groups_best():
    x, y = make_rows(1, rows=80, features=12)
    y[:, 1] = np.random.default_rng(2).normal(size=80)
    groups = [slice(0, 20), slice(20, 50), slice(50, 80)]
    chosen = best_penalties([Sums.of(x[rows], y[rows]) for rows in groups])

    for column in range(2):
        errors = []
        for penalty in PENALTIES:
            error = 0.0
            for rows in groups:
                rest = np.setdiff1d(np.arange(80), np.arange(80)[rows])
                coefficients, intercepts = Spectrum.of(Sums.of(x[rest], y[rest])).solve(penalty)
                error += ((x[rows] @ coefficients + intercepts - y[rows])[:, column] ** 2).sum()
            errors.append(error)
        assert chosen[column] == PENALTIES[np.argmin(errors)]
    assert chosen[1] > chosen[0]


def test_a_single_group_gets_a_penalty_without_trying():
    assert best_penalties([Sums.of(*make_rows(0))]) == pytest.approx([0.1, 0.1])


def test_a_constant_feature_gets_no_weight():
    x, y = make_rows(0)
    x[:, 2] = 7.0
    coefficients, _ = Spectrum.of(Sums.of(x, y)).solve(1e-5)
    assert (coefficients[2] == 0).all()
    assert np.isfinite(coefficients).all()


def test_of_very_many_features_each_column_is_learned_from_its_own(monkeypatch):
    monkeypatch.setattr("stackyard.numerics.ridge.MOST_FEATURES", 0)
    world = make_small_world("multilabel", models=3)
    whole = cross_fit("ridge", world.oof, world.test, world.truth, world.folds, "multilabel")
    for label in range(3):
        own = [values[:, :, label].copy() for values in (world.oof, world.test)]
        alone = cross_fit("ridge", *own, world.truth[:, label].astype(int), world.folds, "binary")
        np.testing.assert_allclose(whole.oof[:, label], alone.oof, atol=1e-6)
        np.testing.assert_allclose(whole.test[:, label], alone.test, atol=1e-6)
