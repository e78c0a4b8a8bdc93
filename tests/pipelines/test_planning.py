"""How a machine is used is found by timing, and kept."""

import dataclasses
import shutil

import pytest
import torch

from pipelines import planning
from pipelines.assembling import make_learner, make_setting
from pipelines.errors import RecipeInvalid
from pipelines.loop import Training
from pipelines.plan import Plan, apply, choose_plan
from pipelines.planning import is_worth_timing, kept_plan, make_plan, ways
from pipelines.run import run
from tests.pipelines.training import TINY, change, make_data, make_job


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    make_data(folder, test_rows=0)
    return folder


def test_the_fastest_way_is_chosen(folder, monkeypatch):
    speeds = {"one by one": 10.0, "one by one, channels last": 30.0, "side by side": 20.0}
    job = make_job(folder, out="none")
    known = {plan: speeds[name] for name, plan in ways(job, 2)}
    monkeypatch.setattr(planning, "images_a_second", lambda tried: known[tried.plan])
    plan, timings = make_plan(job, 2)

    assert timings == speeds
    assert plan.channels_last
    assert not plan.side_by_side


def test_steps_are_really_timed_and_leave_nothing_behind(folder):
    plan, timings = make_plan(make_job(folder, out="none"), 2)

    assert set(timings) == {"one by one", "one by one, channels last", "side by side"}
    assert min(timings.values()) > 0
    assert plan in dict(ways(make_job(folder), 2)).values()
    assert not (folder / "none").exists()


def test_what_compiles_must_win_its_time_back(folder, monkeypatch):
    job = make_job(folder, change(TINY, phases__0__epochs=10))
    tried = {"one by one": Plan(), "one by one, CUDA graphs": Plan(compiled="reduce-overhead")}
    monkeypatch.setattr(planning, "ways", lambda *_: tried.items())
    monkeypatch.setattr(planning, "images_a_second", lambda job: 1000.0 if job.plan.compiled else 500.0)

    assert make_plan(job, 2)[0].compiled == ""
    assert make_plan(dataclasses.replace(job, recipe=change(TINY, phases__0__epochs=10_000)), 2)[0].compiled == "reduce-overhead"


def test_folds_that_cannot_stand_side_by_side_are_not_tried_so(folder):
    assert "side by side" not in dict(ways(make_job(folder, change(TINY, phases__0__schedule__name="plateau")), 2))


def test_a_way_that_fails_is_left_out_but_the_first_is_an_error(folder, monkeypatch):
    def fail(job):
        if job.plan.side_by_side:
            raise RuntimeError("no")
        return 1.0

    monkeypatch.setattr(planning, "images_a_second", fail)
    assert set(make_plan(make_job(folder), 2)[1]) == {"one by one", "one by one, channels last"}
    monkeypatch.setattr(planning, "images_a_second", lambda job: fail(dataclasses.replace(job, plan=Plan(side_by_side=True))))
    with pytest.raises(RuntimeError, match="no"):
        make_plan(make_job(folder), 2)


def test_a_short_run_is_not_timed(folder):
    assert not is_worth_timing(make_job(folder), 2)
    assert is_worth_timing(make_job(folder, change(TINY, phases__0__epochs=5_000)), 2)


def test_a_run_goes_on_by_the_plan_it_was_begun_by(folder):
    job = make_job(folder, out="begun", channels_last=True)
    run(job, [0])

    assert kept_plan(make_job(folder, out="begun"), [1, 0]) == Plan(threads=1, channels_last=True)
    assert kept_plan(make_job(folder, out="other"), [0]) is None


def test_a_device_that_is_not_there_is_an_error():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RecipeInvalid, match="cuda"):
        apply(choose_plan("cuda"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own compiler
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_net_learns_what_it_would_have_learnt(folder):
    recipe = change(TINY, net__options__dropout=0.0)
    losses = []
    for compiled in ("", "default"):
        job = make_job(folder, recipe, out=f"compiled-{compiled}", compiled=compiled)
        training = Training(make_setting(job, [0], 0), make_learner(job, [0], 0))
        training.run()
        losses.append(training.at.losses)

    torch.testing.assert_close(losses[0], losses[1], atol=1e-4, rtol=0)
