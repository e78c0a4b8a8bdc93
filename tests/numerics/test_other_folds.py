"""The trace that folds leave tells on which ones a model was made."""

from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedKFold
from stackyard.numerics.diagnostics import CHECKS, diagnose
from stackyard.numerics.other_folds import trace_chance

from tests.numerics.suspects import honest, with_model


def fold_numbers(truth, seed):
    made = np.empty(len(truth), np.int16)
    for fold, (_, held) in enumerate(StratifiedKFold(5, shuffle=True, random_state=seed).split(truth, truth)):
        made[held] = fold
    return made


def test_real_models_made_on_other_folds_are_found_where_they_left_a_trace(spooky):
    """The real models were made on scikit-learn's folds of seed 42; were the competition's those of seed 7, two of them would show it."""
    found = diagnose(replace(spooky, folds=fold_numbers(spooky.truth, 7), fold_values=np.empty((0, 0))))

    assert [(finding.kind, finding.models) for finding in found] == [("other_folds", (0,)), ("other_folds", (4,))]
    assert {finding.numbers["others"] for finding in found} == {"StratifiedKFold(5, shuffle, seed 42)"}


def test_models_are_found_on_other_folds_even_where_all_of_them_were_made_there():
    models = honest("binary")
    folds = fold_numbers(models.truth, 42)
    levels = np.random.default_rng(0).uniform(0.6, 1.6, (4, 5))
    odds = [np.log(oof / (1 - oof)) * level[folds] for oof, level in zip(models.oof, levels, strict=True)]
    oof = [(1 / (1 + np.exp(-row))).astype(np.float32) for row in odds]

    found = CHECKS["other_folds"](replace(models, oof=oof))
    assert len(found) >= 3  # by chance, the competition's folds may seem to leave a trace as well
    assert {finding.numbers["others"] for finding in found} == {"StratifiedKFold(5, shuffle, seed 42)"}
    assert CHECKS["other_folds"](replace(models, oof=oof, folds=folds)) == []


def test_a_model_made_on_unshuffled_folds_is_found_beside_others_that_were_not():
    models = honest("binary")
    level = np.array([0.6, 1.6, 0.7, 1.5, 0.9])[np.arange(1200) // 240]
    odds = np.log(models.oof[1] / (1 - models.oof[1])) * level
    (found,) = CHECKS["other_folds"](with_model(models, 1, oof=(1 / (1 + np.exp(-odds))).astype(np.float32)))

    assert (found.models, found.numbers["others"]) == ((1,), "KFold(5)")


def test_rows_that_are_easy_at_the_start_are_nobodys_folds():
    models = honest("binary")
    easy = np.where(np.arange(1200) < 240, 0.9, 0.6)
    oof = [np.where(models.truth == 1, easy, 1 - easy) + 0.01 * np.random.default_rng(seed).random(1200) for seed in range(4)]

    assert CHECKS["other_folds"](replace(models, oof=oof)) == []
    assert CHECKS["other_folds"](replace(models, names=["a"], oof=oof[:1], test=(), fold_values=np.empty((0, 0)))) == []


def test_the_chance_of_a_trace_is_uniform_without_one():
    random = np.random.default_rng(0)
    chances = [trace_chance(random.normal(size=200), random.permutation(np.arange(200) % 5)) for _ in range(400)]

    assert 0.45 < np.mean(chances) < 0.55
    assert trace_chance(np.arange(20) % 4 + 0.01 * np.arange(20), np.arange(20) % 4) < 1e-6
    assert trace_chance(np.ones(20), np.arange(20) % 4) == 1.0
