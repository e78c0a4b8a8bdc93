"""With labels shuffled there is nothing to find, and an honest second level finds nothing: its nested scores are at chance."""

from dataclasses import dataclass

import numpy as np
import pytest
from stackyard.numerics.blending import BLENDS
from stackyard.numerics.fold_rows import Setup, as_columns, split_by_fold
from stackyard.numerics.level2 import LEVEL2, methods_for
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import cross_fit, nested_blend

from tests.numerics.second_level import FAST, METRIC_OF, make_small_world

RUNS = 3
SHUFFLES = 60


@dataclass(frozen=True)
class NoiseRun:
    """A whole second level on labels that were shuffled: the nested predictions by method and by blend."""

    oof: np.ndarray
    truth: np.ndarray
    folds: np.ndarray
    nested: dict


def sigmas_better_than_chance(run, prediction, metric):
    """Return by how many standard deviations the prediction beats what it scores on shuffled truth.

    Rows are shuffled within their fold: a fold's base rates are known to nobody who learned from the others.
    """
    random = np.random.default_rng(0)
    inside = [np.flatnonzero(run.folds == fold) for fold in np.unique(run.folds)]
    by_chance = []
    for _ in range(SHUFFLES):
        order = np.empty(len(run.folds), np.intp)
        for rows in inside:
            order[rows] = random.permutation(rows)
        by_chance.append(METRICS[metric](run.truth[order], prediction))
    gain = METRICS[metric](run.truth, prediction) - np.mean(by_chance)
    if np.ptp(by_chance) < 1e-12:  # the same in all rows of a fold, which is the best answer to noise
        assert abs(gain) < 1e-12
        return 0.0
    return (gain if METRICS[metric].higher_is_better else -gain) / np.std(by_chance)


def run_on_noise(task, seed):
    random = np.random.default_rng(seed)
    world = make_small_world(task, seed=seed, rows=400)
    oof, truth, folds = world.oof, random.permutation(world.truth), random.permutation(np.arange(400) % 4)
    nested = {name: cross_fit(name, oof, None, truth, folds, task, settings=FAST.get(name)).oof for name in methods_for(task)}
    candidates = np.concatenate([np.stack(list(nested.values())), oof])
    blends = {f"blend {name}": nested_blend(candidates, truth, folds, name, METRIC_OF[task]).oof for name in BLENDS}
    return NoiseRun(oof, truth, folds, nested | blends)


@pytest.fixture(scope="module", params=[pytest.param("multiclass", marks=pytest.mark.slow), "multilabel"])
def noise(request):
    """Return a task and several runs on shuffled labels: fits share rows, so one run alone scatters by more than one sigma."""
    return request.param, [run_on_noise(request.param, seed) for seed in range(RUNS)]


@pytest.mark.parametrize("metric", ["its loss", "roc_auc_score"])
def test_every_method_and_every_blend_is_at_chance(noise, metric):
    task, runs = noise
    judge = METRIC_OF[task] if metric == "its loss" else metric
    for name in runs[0].nested:
        found = [sigmas_better_than_chance(run, run.nested[name], judge) for run in runs]
        sigma = max(1.0, np.std(found, ddof=1)) / np.sqrt(RUNS)
        # shuffled labels are as many in all folds together: what is better than chance in the others is a little worse in the one left
        assert -5 * sigma <= np.mean(found) <= 3 * sigma, (name, found)


def test_nothing_learned_from_noise_is_better_than_the_base_rates(noise):
    task, runs = noise
    metric = METRICS[METRIC_OF[task]]
    for name in runs[0].nested:
        gains = []
        for run in runs:
            rates = np.empty(run.nested[name].shape)
            for fold in np.unique(run.folds):
                rest = run.truth[run.folds != fold]
                rates[run.folds == fold] = np.bincount(rest) / len(rest) if task == "multiclass" else rest.mean(axis=0)
            gains.append(metric(run.truth, rates) - metric(run.truth, run.nested[name]))
        assert np.mean(gains) <= 3 * np.std(gains, ddof=1) / np.sqrt(RUNS), (name, gains)


def test_a_leak_would_be_seen(noise):
    task, runs = noise
    for run in runs:
        parts = split_by_fold(run.oof, run.truth, run.folds, task)
        predict = LEVEL2["boosted_trees"].fit(parts, Setup(task, settings={"rounds": 60, "rows_per_leaf": 2, "depth": 12}))
        fitted_on_these_very_rows = predict(as_columns(run.oof))
        assert sigmas_better_than_chance(run, fitted_on_these_very_rows, METRIC_OF[task]) > 3
