"""What is honest is left in peace; and what holds for all checks together."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stackyard.errors import ShapeMismatch
from stackyard.numerics.diagnostics import CHECKS, diagnose
from stackyard.numerics.findings import SEVERITIES
from stackyard.numerics.rows_of_models import Models

from tests.numerics.second_level import TASKS, make_small_world
from tests.numerics.suspects import honest, made_in_sample, with_model


def told(models):
    return [(finding.kind, finding.models) for finding in diagnose(models)]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", range(4))
def test_honest_models_are_left_in_peace(task, seed):
    assert diagnose(honest(task, seed)) == []


def test_six_real_models_are_left_in_peace(spooky):
    assert diagnose(spooky) == []


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(TASKS), st.integers(0, 1000))
def test_the_order_of_rows_and_models_does_not_matter(task, seed):
    random = np.random.default_rng(seed)
    models = honest(task, seed % 4)
    models = made_in_sample(models, 1) if task != "regression" else with_model(models, 1, test=models.test[1] + 20)
    models = with_model(models, 2, oof=models.oof[2][random.permutation(1200)])
    rows, order = random.permutation(1200), random.permutation(4)
    moved = replace(
        models,
        oof=[models.oof[place][rows] for place in order],
        test=[models.test[place] for place in order],
        truth=models.truth[rows],
        folds=models.folds[rows],
        fold_values=models.fold_values[order],
    )
    before = {(kind, tuple(places)) for kind, places in told(models)}
    after = {(kind, tuple(sorted(int(order[place]) for place in places))) for kind, places in told(moved)}

    assert {case for case in after if case[0] != "other_folds"} == {case for case in before if case[0] != "other_folds"}
    assert ("permuted_rows", (2,)) in before


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("task", TASKS)
def test_few_rows_and_no_test_predictions_are_no_trouble(task, rows):
    world = make_small_world(task, rows=30)
    oof = [model[:rows] for model in world.oof]
    models = Models(list("abcd"), oof, world.truth[:rows], np.arange(rows) % 2, task, [None, *(model[:1] for model in world.test[1:])])

    assert {finding.severity for finding in diagnose(models)} <= set(SEVERITIES)


def test_numbers_are_plain_json(spooky):
    seen = made_in_sample(spooky, 0)
    inside = spooky.folds == 1
    leaked = np.where(inside[:, None], seen.oof[0], spooky.oof[5])
    flat = np.tile(np.array([0.2, 0.3, 0.5], np.float32), (len(inside), 1))
    changed = with_model(with_model(seen, 5, oof=leaked), 2, oof=flat, test=flat[:10])
    changed = with_model(changed, 1, oof=np.roll(spooky.oof[1], 1, axis=0), test=spooky.test[1][:, ::-1])
    changed = with_model(changed, 4, oof=spooky.oof[3])
    found = diagnose(changed)

    assert {finding.kind for finding in found} >= {"in_sample", "permuted_rows", "constant", "shift", "duplicate"}
    for finding in found:
        assert json.loads(json.dumps(finding.numbers, allow_nan=False)) == finding.numbers


def test_the_most_severe_comes_first():
    models = with_model(honest("binary"), 2, oof=np.flip(honest("binary").oof[2]).copy())
    found = diagnose(replace(models, oof=[models.oof[0], models.oof[0], *models.oof[2:]]))

    assert [finding.severity for finding in found] == ["severe", "warning"]
    assert {finding.kind for finding in found} <= set(CHECKS)


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ShapeMismatch):
        Models(["a", "b"], [np.zeros(3), np.zeros(4)], np.zeros(3), np.zeros(3, int), "binary")
    with pytest.raises(ShapeMismatch):
        Models([], [], np.zeros(3), np.zeros(3, int), "binary")
