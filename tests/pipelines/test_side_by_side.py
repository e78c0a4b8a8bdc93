"""Folds side by side learn what each would learn alone."""

import dataclasses

import pytest
import torch

from pipelines import plan
from pipelines.assembling import make_learner, make_setting
from pipelines.loop import Training
from pipelines.predictions import read_predictions
from pipelines.run import run
from pipelines.side_by_side import obstacle
from tests.pipelines.test_resume import KilledError, at_step, die
from tests.pipelines.training import TINY, EveryFew, change, digests, make_data, make_job

RECIPE = change(TINY, net__options__dropout=0.0)
KINDS = {
    "sgd": {},
    "adam, decay, clipped": {"phases__0__optimiser": {"name": "adam", "decay": 0.1}, "phases__0__clip": 0.1},
    "head only": {"phases__0__trains": "head"},
    "mixup, smoothing, cut batches": {"phases__0__mixup": 0.4, "phases__0__smoothing": 0.1, "phases__0__accumulate": 2},
    "mined, averaged": {"phases__0__mining": {"name": "repeat_hardest", "every": 2}, "phases__0__ema": 0.8},
}


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path, rows=123, test_rows=10, folds=3).parent


def trained(folder, recipe, folds, out, dtype=torch.float64):
    job = dataclasses.replace(make_job(folder, recipe, out=out), dtype=dtype)
    training = Training(make_setting(job, folds, 0), make_learner(job, folds, 0))
    training.run()
    return training


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_weights_are_those_of_folds_one_by_one(data, changes):
    recipe = change(RECIPE, **changes)
    together = trained(data, recipe, [0, 1, 2], "together")
    for fold in range(3):
        alone = trained(data, recipe, [fold], f"alone-{fold}")
        weights = together.learner.of_fold(together.learner.weights(), fold)
        own = alone.learner.weights()

        assert weights.keys() == own.keys()
        assert all(weights[name].dtype == own[name].dtype for name in own)
        assert max(float((weights[name] - own[name]).abs().max()) for name in own) < 1e-10
        torch.testing.assert_close(together.at.losses[fold], alone.at.losses[0], atol=1e-6, rtol=0)


def test_predictions_are_those_of_folds_one_by_one(data):
    run(make_job(data, RECIPE, out="together", side_by_side=True))
    run(make_job(data, RECIPE, out="alone"))
    for part in ("oof", "test"):
        pair = [read_predictions(data / out / "1crop" / f"{part}.npz") for out in ("together", "alone")]

        assert pair[0].ids == pair[1].ids
        assert abs(pair[0].values - pair[1].values).max() < 1e-4


def test_half_precision_learns_nearly_the_same(data, monkeypatch):
    monkeypatch.setattr(plan, "has_instructions", lambda _: True)  # imitated where there are none
    recipe = change(RECIPE, phases__0__precision="bf16")
    together, alone = (trained(data, recipe, folds, f"half-{len(folds)}", torch.float32) for folds in ([0, 1, 2], [2]))

    torch.testing.assert_close(together.at.losses[2], alone.at.losses[0], atol=0.05, rtol=0)
    assert together.learner.weights()["head.weight"].dtype == torch.float32


def test_a_kill_changes_no_byte(data, monkeypatch):
    recipe = change(RECIPE, phases__0__checkpoints=1, predict__checkpoints="best", phases__0__optimiser__name="adam")
    run(make_job(data, recipe, out="whole", side_by_side=True))
    with monkeypatch.context() as patch:
        at_step(patch, 5, die)
        with pytest.raises(KilledError):
            run(make_job(data, recipe, out="killed", side_by_side=True, saving=EveryFew(looks=[])))
    run(make_job(data, recipe, out="killed", side_by_side=True))

    assert digests(data / "killed") == digests(data / "whole")


def test_what_keeps_folds_apart_is_said():
    assert obstacle(RECIPE) == ""
    assert "plateau" in obstacle(change(RECIPE, phases__0__schedule__name="plateau"))
    assert "fp16" in obstacle(change(RECIPE, phases__0__precision="fp16"))
