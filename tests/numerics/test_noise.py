"""Intervals of scores and the mark "within noise", held against scipy, formulas and simulation."""

import numpy as np
import pytest
from scipy.stats import bootstrap
from stackyard.errors import ShapeMismatch
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.noise import is_within_noise, score_interval
from stackyard.numerics.resampling import drawn_counts, resampled_scores


def world(metric, rows=300, seed=0):
    """Return truth and what a metric judges, of some skill."""
    random = np.random.default_rng(seed)
    chosen = METRICS[metric]
    if "regression" in chosen.tasks and metric != "quadratic_weighted_kappa_score":
        truth = random.uniform(1, 5, rows)
        return chosen, truth, truth * random.uniform(0.7, 1.3, rows)
    if metric == "multiclass_log_loss":
        truth = random.integers(0, 3, rows)
        odds = np.exp(1.5 * (truth[:, None] == np.arange(3)) + random.normal(size=(rows, 3)))
        return chosen, truth, odds / odds.sum(axis=1, keepdims=True)
    if metric == "quadratic_weighted_kappa_score":
        truth = random.integers(0, 5, rows)
        return chosen, truth, np.clip(truth + random.integers(-1, 2, rows), 0, 4)
    truth = random.random((rows, 3)) < 0.4
    probabilities = np.clip(0.5 + 0.2 * (truth - 0.5) + random.normal(0, 0.2, truth.shape), 0.01, 0.99)
    return chosen, truth, probabilities.round(2) if metric == "roc_auc_score" else probabilities


@pytest.mark.parametrize("metric", METRICS)
def test_each_resample_is_the_metric_on_the_rows_that_were_drawn(metric):
    chosen, truth, judged = world(metric)
    counts = np.concatenate(list(drawn_counts(len(truth), 20, seed=3)))
    values = resampled_scores(chosen, truth, judged, resamples=20, seed=3)

    for row, value in zip(counts.astype(int), values, strict=True):
        rows = np.repeat(np.arange(len(truth)), row)
        assert value == pytest.approx(chosen(truth[rows], judged[rows]), rel=1e-12)


@pytest.mark.parametrize("metric", ["rmse_loss", "roc_auc_score", "f_beta_samples_score", "multiclass_log_loss"])
def test_intervals_are_those_of_scipy(metric):
    chosen, truth, judged = world(metric)
    ours = score_interval(resampled_scores(chosen, truth, judged, resamples=4000))

    def statistic(rows):
        return chosen(truth[rows], judged[rows])

    index = np.arange(len(truth))
    theirs = bootstrap((index,), statistic, n_resamples=2000, method="percentile", vectorized=False, rng=np.random.default_rng(1))
    error = theirs.standard_error
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.15 * error)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.15 * error)


def test_a_means_spread_is_its_standard_error():
    random = np.random.default_rng(0)
    truth = np.zeros(2000)
    judged = random.exponential(size=2000)
    values = resampled_scores(METRICS["mae_loss"], truth, judged, resamples=4000)

    assert values.std() == pytest.approx(judged.std() / np.sqrt(2000), rel=0.05)
    assert values.mean() == pytest.approx(judged.mean(), abs=4 * judged.std() / np.sqrt(2000 * 4000))


def test_draws_are_even_and_independent():
    counts = np.concatenate(list(drawn_counts(101, 3000)))

    assert (counts.sum(axis=1) == 101).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(101), abs=5 / np.sqrt(3000))
    assert counts.var() == pytest.approx(1 - 1 / 101, rel=0.02)
    correlation = np.corrcoef(counts.T) - np.eye(101)
    assert abs(correlation).max() < 5.5 / np.sqrt(3000)
    assert len({row.tobytes() for row in counts}) == 3000


def test_draws_do_not_depend_on_how_they_are_blocked(monkeypatch):
    whole = np.concatenate(list(drawn_counts(50, 40, seed=2)))
    monkeypatch.setattr("stackyard.numerics.resampling.BLOCK_BYTES", 50 * 8 * 7)

    assert np.array_equal(np.concatenate(list(drawn_counts(50, 40, seed=2))), whole)
    assert not np.array_equal(np.concatenate(list(drawn_counts(50, 40, seed=3))), whole)


def test_intervals_hold_the_true_score_as_often_as_they_say():
    random = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        interval = score_interval(resampled_scores(METRICS["mae_loss"], np.zeros(200), random.exponential(size=200), resamples=400))
        held += interval.low <= 1.0 <= interval.high

    assert 0.91 <= held / 400 <= 0.98


def noise_shares(difference, trials=400, rows=200):
    """Return how often two models that share most of their errors are said to be within noise."""
    random = np.random.default_rng(8)
    found = 0
    for _ in range(trials):
        shared = random.exponential(size=rows)
        models = [shared + random.exponential(0.2, size=rows) + extra for extra in (0.0, difference)]
        one, other = (resampled_scores(METRICS["mae_loss"], np.zeros(rows), model, resamples=400) for model in models)
        found += bool(is_within_noise(one, other))
    return found / trials


def test_equal_models_are_told_apart_in_one_of_twenty_pairs():
    assert 0.91 <= noise_shares(0.0) <= 0.98


def test_a_difference_of_four_standard_errors_is_seen_though_each_score_alone_is_less_sure():
    paired_error = 0.2 * np.sqrt(2 / 200)

    assert noise_shares(4 * paired_error) <= 0.1
    assert 4 * paired_error < 1.0 / np.sqrt(200) * 1.96


def test_a_model_is_within_noise_of_itself():
    chosen, truth, judged = world("rmse_loss")
    values = resampled_scores(chosen, truth, judged, resamples=50)

    assert is_within_noise(values, values.copy()) is True


def test_a_metric_that_is_seldom_defined_has_no_interval():
    truth = np.zeros(40, bool)
    truth[0] = True
    judged = np.linspace(0, 1, 40)
    values = resampled_scores(METRICS["roc_auc_score"], truth, judged, resamples=500)

    # one positive is drawn in 1 - (1 - 1/n)^n of the resamples
    assert np.isnan(values).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.08)
    assert score_interval(values) is not None
    assert score_interval(np.where(np.arange(500) < 300, np.nan, values)) is None
    assert is_within_noise(np.full(9, np.nan), np.zeros(9)) is None


def test_one_row_is_as_sure_as_it_can_be():
    values = resampled_scores(METRICS["mae_loss"], np.zeros(1), np.ones(1), resamples=5)

    assert values.tolist() == [1.0] * 5


def test_other_resamples_cannot_be_paired():
    with pytest.raises(ShapeMismatch):
        is_within_noise(np.zeros(3), np.zeros(4))
