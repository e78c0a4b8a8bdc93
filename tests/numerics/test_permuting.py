"""What is held against chance, entered by plain calls."""

import numpy as np
import pytest
from stackyard.errors import ShapeMismatch
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.permuting import AT_CHANCE, FINDS_SIGNAL, Trial, conclude, judge_trial, permute_within_folds

FOLDS = np.arange(200) % 4


def test_each_fold_keeps_its_own_labels():
    truth = np.random.default_rng(0).integers(0, 9, (200, 2))
    permuted = permute_within_folds(truth, FOLDS, np.random.default_rng(1))

    assert (permuted != truth).any()
    for fold in range(4):
        assert sorted(permuted[fold == FOLDS].tolist()) == sorted(truth[fold == FOLDS].tolist())


def test_folds_of_other_rows_are_refused():
    with pytest.raises(ShapeMismatch):
        permute_within_folds(np.zeros(3), FOLDS, np.random.default_rng(0))


@pytest.mark.parametrize(("metric", "better"), [("rmse_loss", -1), ("quadratic_weighted_kappa_score", 1)])
def test_sigmas_are_positive_where_it_beats_chance_whichever_way_the_metric_runs(metric, better):
    random = np.random.default_rng(0)
    truth = random.integers(0, 5, 200)
    knows = judge_trial(METRICS[metric], truth, np.clip(truth + random.integers(-1, 2, 200), 0, 4), FOLDS)
    guesses = judge_trial(METRICS[metric], truth, random.integers(0, 5, 200), FOLDS)

    assert knows.sigmas > 5
    assert better * (knows.score - knows.chance) > 0
    assert abs(guesses.sigmas) < 4


def test_the_same_for_every_row_of_a_fold_is_no_find_and_no_rounding_error():
    truth = np.random.default_rng(0).normal(size=200)

    assert judge_trial(METRICS["rmse_loss"], truth, np.array([0.1, 0.2, 0.3, 0.4])[FOLDS], FOLDS).sigmas == 0.0


def test_honest_guesses_are_called_signal_no_more_often_than_said():
    random = np.random.default_rng(3)
    verdicts = []
    for _ in range(300):
        trials = []
        for seed in range(3):
            truth = random.integers(0, 2, 60)
            trials.append(
                judge_trial(METRICS["accuracy_score"], truth, random.integers(0, 2, 60), np.arange(60) % 3, seed=seed, shuffles=30)
            )
        verdicts.append(conclude(trials).verdict)

    assert verdicts.count(FINDS_SIGNAL) <= 4


def test_what_every_trial_finds_is_a_find_though_each_alone_is_none():
    trials = [Trial(0.52, 0.5, 0.01, 2.0), Trial(0.521, 0.5, 0.01, 2.1), Trial(0.519, 0.5, 0.01, 1.9)]

    assert conclude(trials).verdict == FINDS_SIGNAL
    assert conclude(trials[:1]).verdict == AT_CHANCE
    assert conclude([*trials, Trial(0.4, 0.5, 0.01, -10.0)]).verdict == AT_CHANCE


def test_the_standard_error_is_the_scatter_of_the_trials_where_that_is_the_greater():
    steady = conclude([Trial(0.5, 0.5, 0.01, 0.0)] * 4)
    wild = conclude([Trial(0.5, 0.5, 0.01, sigmas) for sigmas in (-3.0, 3.0, -3.0, 3.0)])

    assert steady.sigma == pytest.approx(0.01 / 2)
    assert wild.sigma == pytest.approx(0.01 * np.std([-3, 3, -3, 3], ddof=1) / 2)
