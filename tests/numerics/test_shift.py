"""Test predictions that are elsewhere than out-of-fold ones, and columns that say nothing."""

from dataclasses import replace

import numpy as np
import pytest
from stackyard.numerics.diagnostics import CHECKS, diagnose
from stackyard.numerics.shift import column_shifts

from tests.numerics.second_level import TASKS
from tests.numerics.suspects import honest, with_model


@pytest.mark.parametrize("task", TASKS)
def test_a_shift_of_one_model_is_its_own(task):
    models = honest(task)
    moved = models.test[0] * 0.6 if task != "regression" else models.test[0] + 10
    found = [finding for finding in diagnose(with_model(models, 0, test=moved.astype(np.float32))) if finding.kind == "shift"]

    assert [finding.models for finding in found] == [(0,)]
    worst = found[0].numbers["columns"][0]
    assert abs(worst["effect"]) > 0.2
    assert abs(worst["errors"]) > 4
    assert worst["distance"] > 0.1


def test_a_shift_of_all_models_is_told_once_a_column():
    models = honest("multilabel")
    found = diagnose(replace(models, test=[test * np.array([0.5, 1, 1], np.float32) for test in models.test]))

    assert [(finding.kind, finding.models, finding.numbers["column"]) for finding in found] == [("shift", (0, 1, 2, 3), "column 0")]
    assert found[0].sentence.startswith("4 of 4 models expect less of column 0 on the test rows")


def test_averaging_the_folds_models_is_no_shift(spooky):
    distances = [
        shift.distance
        for oof, test in zip(spooky.oof, spooky.test, strict=True)
        for shift in column_shifts(oof, test, spooky.folds, spooky.classes)
    ]

    assert max(distances) > 0.1
    assert CHECKS["shift"](spooky) == []


def test_a_column_without_spread_has_no_finite_effect_but_numbers_all_the_same():
    folds = np.array([0, 1, 0, 1])
    same, other = (column_shifts(np.full(4, 0.5), np.full(3, value), folds, ["p"])[0] for value in (0.5, 0.6))

    assert (same.effect, same.errors, same.is_large) == (0.0, 0.0, False)
    assert (other.effect, other.is_large) == (1e6, True)


def test_columns_that_say_the_same_everywhere_are_found():
    models = honest("multilabel")
    flat = models.oof[1].copy()
    flat[:, 2] = 0.25
    (found,) = CHECKS["constant"](with_model(models, 1, oof=flat))

    assert (found.models, found.numbers) == ((1,), {"oof": ["column 2"], "test": []})
    assert found.sentence == "b says the same in every row for column 2 out of fold."
