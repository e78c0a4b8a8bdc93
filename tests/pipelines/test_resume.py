"""A run that is killed anywhere and started again ends in the same bytes as one that was left alone."""

import json
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from pipelines import judging, loop, plan
from pipelines.checkpoints import GENERATIONS, find_checkpoint
from pipelines.errors import CheckpointDamaged, RunMismatch
from pipelines.recipe_toml import as_json
from pipelines.run import run
from pipelines.stopping import Stopped, StopRequest
from tests.pipelines.training import TINY, EveryFew, change, digests, make_data, make_job

RECIPE = change(phases__0__epochs=4)
STEPS = 4 * (60 // 16)  # half of 120 rows
KILLS = sorted(np.random.default_rng(7).choice(np.arange(STEPS), 5, replace=False).tolist())


class KilledError(Exception):
    """Stands for a kill in a test that stays in its process."""


def at_step(monkeypatch, step, act, phase=0):
    """Have a step, once it is computed and before it is noted, end in `act`."""
    whole = loop.Training._note

    def note(training, losses, passed, rows):
        if (training.at.phase, passed) == (phase, step):
            act()
        whole(training, losses, passed, rows)

    monkeypatch.setattr(loop.Training, "_note", note)


def child_killed_at(folder, step):
    """Train in a process of its own until a real SIGKILL; step -1: to the end."""
    with pytest.MonkeyPatch.context() as patch:
        at_step(patch, step, lambda: os.kill(os.getpid(), signal.SIGKILL))
        run(make_job(Path(folder), RECIPE, saving=EveryFew(looks=[])), [0])


def start(folder, step):
    # a server that has torch loaded (and what the first optimiser loads) forks the children: each begins at once, with threads of its own
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.run", "tests.pipelines.training", "torch._dynamo"])
    child = context.Process(target=child_killed_at, args=(str(folder), step))
    child.start()
    child.join()
    return child.exitcode


def test_five_kills_at_random_steps_change_no_byte(tmp_path):
    for name in ("killed", "whole"):
        make_data(tmp_path / name)
    exits = [start(tmp_path / "killed", step) for step in KILLS]

    assert exits == [-signal.SIGKILL] * 5
    assert start(tmp_path / "killed", -1) == 0
    assert start(tmp_path / "whole", -1) == 0
    made = digests(tmp_path / "whole" / "run")
    assert made == digests(tmp_path / "killed" / "run")
    assert {Path(name).name for name in made} == {"oof.npz", "test.npz", "weights.safetensors"}
    assert json.loads((tmp_path / "killed" / "run" / "run.json").read_text())["folds"]["0"]["starts"] == 6


MANY = {
    "adam, a running average": {"phases__0__optimiser__name": "adam", "phases__0__ema": 0.9, "predict__checkpoints": "ema"},
    "nadam, a mean of weights": {"phases__0__optimiser__name": "nadam", "phases__0__average": "epochs", "predict__checkpoints": "average"},
    "rmsprop, mixup, smoothing": {"phases__0__optimiser__name": "rmsprop", "phases__0__mixup": 0.4, "phases__0__smoothing": 0.1},
    "the hardest batch again": {"phases__0__mining": {"name": "repeat_hardest", "every": 2}},
    "what it is unsure of": {"phases__0__mining": {"name": "by_confidence", "every": 2, "share": 0.5}},
    "half precision, cut batches": {"phases__0__precision": "bf16", "phases__0__accumulate": 3, "phases__0__clip": 0.5},
    "a loss scale": {"phases__0__precision": "fp16"},
    "three best of many": {"phases__0__checkpoints": 2, "predict__checkpoints": "best3"},
    "three unlike ones": {"phases__0__checkpoints": 2, "predict__checkpoints": "diverse3"},
    "plateau": {"phases__0__schedule": {"name": "plateau", "rate": 0.05, "factor": 0.1, "patience": 1}},
}


@pytest.mark.parametrize("changes", MANY.values(), ids=MANY)
def test_whatever_a_phase_keeps_comes_back(tmp_path, monkeypatch, changes):
    monkeypatch.setattr(plan, "has_instructions", lambda _: True)  # imitated where there are none
    recipe = change(RECIPE, phases__0__epochs=3, **changes)
    make_data(tmp_path, test_rows=0)
    run(make_job(tmp_path, recipe, out="whole"), [1])
    for step in (2, 4, 7):
        with monkeypatch.context() as patch:
            at_step(patch, step, die)
            with pytest.raises(KilledError):
                run(make_job(tmp_path, recipe, out="killed", saving=EveryFew(looks=[])), [1])
    run(make_job(tmp_path, recipe, out="killed"), [1])

    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


@pytest.mark.parametrize(("phase", "step"), [(0, 2), (1, 0), (1, 2), (2, 1)])
def test_a_kill_in_any_phase_changes_no_byte(tmp_path, monkeypatch, phase, step):
    recipe = three_phases()
    make_data(tmp_path, test_rows=0)
    run(make_job(tmp_path, recipe, out="whole"), [0])
    with monkeypatch.context() as patch:
        at_step(patch, step, die, phase)
        with pytest.raises(KilledError):
            run(make_job(tmp_path, recipe, out="killed", saving=EveryFew(looks=[])), [0])
    run(make_job(tmp_path, recipe, out="killed"), [0])

    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def three_phases():
    """The head first, then all, then from the best weights at a lower rate."""
    phase = as_json(RECIPE)["phases"][0] | {"epochs": 1.0}
    head = phase | {"trains": "head"}
    lower = phase | {"start": "best", "schedule": phase["schedule"] | {"rate": 0.005}, "epochs": 1.5}
    return change(RECIPE, phases=[head, phase, lower], predict__checkpoints="best")


def die():
    raise KilledError


def test_a_damaged_generation_is_passed_over_and_the_end_is_the_same(tmp_path, monkeypatch):
    make_data(tmp_path, test_rows=0)
    run(make_job(tmp_path, RECIPE, out="whole"), [0])
    told = []
    with monkeypatch.context() as patch:
        at_step(patch, 9, die)
        with pytest.raises(KilledError):
            run(make_job(tmp_path, RECIPE, out="killed", saving=EveryFew(looks=[])), [0])
    generations = [tmp_path / "killed" / "fold-0" / "seed-0" / name for name in GENERATIONS]
    newest = max(generations, key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-5])
    run(make_job(tmp_path, RECIPE, out="killed", report=told.append), [0])

    assert newest.name in next(event["detail"] for event in told if event["event"] == "note")
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def test_two_damaged_generations_end_the_run_by_name(tmp_path, monkeypatch):
    make_data(tmp_path, test_rows=0)
    with monkeypatch.context() as patch:
        at_step(patch, 9, die)
        with pytest.raises(KilledError):
            run(make_job(tmp_path, RECIPE, saving=EveryFew(looks=[])), [0])
    for name in GENERATIONS:
        (tmp_path / "run" / "fold-0" / "seed-0" / name).write_bytes(b"x")

    with pytest.raises(CheckpointDamaged, match="no generation is whole"):
        run(make_job(tmp_path, RECIPE), [0])


def test_a_request_to_stop_is_obeyed_after_the_step(tmp_path, monkeypatch):
    make_data(tmp_path, test_rows=0)
    request = StopRequest()
    with monkeypatch.context() as patch:
        at_step(patch, 5, lambda: setattr(request, "asked", True))
        with pytest.raises(Stopped):
            run(make_job(tmp_path, RECIPE, request=request), [0])
    saved = find_checkpoint(tmp_path / "run" / "fold-0" / "seed-0").checkpoint
    run(make_job(tmp_path, RECIPE), [0])
    run(make_job(tmp_path, RECIPE, out="whole"), [0])

    assert saved.state["step"] == 6
    assert digests(tmp_path / "run") == digests(tmp_path / "whole")


def test_a_stop_while_a_net_is_judged_judges_it_again(tmp_path, monkeypatch):
    make_data(tmp_path, test_rows=0)
    request = StopRequest()
    with monkeypatch.context() as patch:
        patch.setattr(judging, "_entry", lambda *_: setattr(request, "asked", True) or {})
        with pytest.raises(Stopped):
            run(make_job(tmp_path, RECIPE, request=request), [0])
    saved = find_checkpoint(tmp_path / "run" / "fold-0" / "seed-0").checkpoint
    run(make_job(tmp_path, RECIPE), [0])
    run(make_job(tmp_path, RECIPE, out="whole"), [0])

    assert (saved.state["step"], saved.state["histories"]) == (3, [[]])
    assert digests(tmp_path / "run") == digests(tmp_path / "whole")
    assert history(tmp_path / "run") == history(tmp_path / "whole")


def history(out):
    return (out / "fold-0" / "seed-0" / "metrics.jsonl").read_text()


def test_a_folder_of_another_run_is_refused(tmp_path):
    make_data(tmp_path, test_rows=0)
    run(make_job(tmp_path, TINY), [0])

    with pytest.raises(RunMismatch, match="recipe_digest"):
        run(make_job(tmp_path, change(TINY, seed=1)), [0])


def test_another_machine_type_goes_on_and_is_said(tmp_path, monkeypatch):
    make_data(tmp_path, test_rows=0)
    with monkeypatch.context() as patch:
        at_step(patch, 3, die)
        with pytest.raises(KilledError):
            run(make_job(tmp_path, TINY), [0])
    path = tmp_path / "run" / "fold-0" / "run.json"
    before = json.loads(path.read_text())
    path.write_text(json.dumps(before | {"machine": before["machine"] | {"processor": "another"}}))
    again = run(make_job(tmp_path, TINY))

    assert before["resume"] == again["folds"]["1"]["resume"] == "identical"
    assert again["resume"] == again["folds"]["0"]["resume"] == "same data, same draws"


def test_a_fold_that_is_done_is_left_alone(tmp_path):
    make_data(tmp_path, test_rows=0)
    run(make_job(tmp_path, TINY), [0])
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "fold-0").rglob("*") if path.is_file()}
    whole = run(make_job(tmp_path, TINY))

    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert [one["starts"] for one in whole["folds"].values()] == [1, 1]
    assert set(whole["scores"]["1crop"]) == {"accuracy_score", "multiclass_log_loss"}
