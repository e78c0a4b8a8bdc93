"""What a training does between its first step and its last."""

import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from pipelines import loop
from pipelines.assembling import make_learner, make_net, make_setting
from pipelines.averaging import copy_weights
from pipelines.batches import Batch
from pipelines.errors import LossNotFinite, MemoryExhausted, RecipeInvalid
from pipelines.loop import Training
from pipelines.run import run
from pipelines.steps import OneNet
from pipelines.stopping import EXIT_CODE
from pipelines.tta import views_of
from tests.pipelines.test_resume import three_phases
from tests.pipelines.training import TINY, EveryFew, change, digests, equal, make_data, make_job


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("loop"), test_rows=0).parent


def training(data, tmp_path, recipe=TINY, **options):
    job = make_job(data, recipe, out=str(tmp_path / "run"), **options)
    return Training(make_setting(job, [0], 0), make_learner(job, [0], 0))


def test_a_net_learns_the_digits(tmp_path):
    make_data(tmp_path, rows=600, test_rows=0)
    adam = {"phases__0__optimiser__name": "adam", "phases__0__schedule__rate": 0.01}
    whole = run(make_job(tmp_path, change(TINY, phases__0__epochs=4, net__options={"width": 16, "depth": 2, "dropout": 0.0}, **adam)))

    assert whole["scores"]["1crop"]["accuracy_score"] > 0.9


def test_a_loss_that_is_not_a_number_ends_the_run_with_step_rate_and_checkpoint(data, tmp_path, monkeypatch):
    started = training(data, tmp_path, saving=EveryFew(looks=[]))
    whole = loop.step_within_memory

    def step(*arguments):
        losses, parts = whole(*arguments)
        return (losses * float("nan") if started.at.step == 4 else losses), parts

    monkeypatch.setattr(loop, "step_within_memory", step)
    with pytest.raises(LossNotFinite, match=r"nan in fold 0 at step 4 of phase 0 with the rate 0\.0125.*checkpoint-b.*step 3 of phase 0"):
        started.run()


def test_a_checkpoint_is_never_written_after_a_loss_that_is_not_finite(data, tmp_path, monkeypatch):
    started = training(data, tmp_path)
    monkeypatch.setattr(loop, "step_within_memory", lambda *_: (torch.full((1, 16), float("inf")), 1))

    with pytest.raises(LossNotFinite, match="none was saved yet"):
        started.run()
    assert not list((tmp_path / "run").rglob("checkpoint-*"))


class Hungry(nn.Module):
    """A net that memory holds only so many images of."""

    def __init__(self, net, most):
        super().__init__()
        self.net, self.most, self.seen = net, most, []

    def forward(self, images):
        self.seen.append(len(images))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
        return self.net(images)


def hungry(data, tmp_path, most):
    started = training(data, tmp_path, change(TINY, net__options={"norm": "none", "dropout": 0.0}))
    started.learner.forward = Hungry(started.learner.net, most)
    return started


def test_a_batch_that_does_not_fit_is_halved_twice_and_learns_the_same(data, tmp_path):
    plenty, little = hungry(data, tmp_path / "a", 16), hungry(data, tmp_path / "b", 4)
    plenty.run()
    little.run()

    assert little.learner.forward.seen[:7] == [16, 8, 4, 4, 4, 4, 4]
    assert little.at.parts == 4
    weights = little.learner.weights()
    assert all(torch.allclose(weights[name], tensor, atol=1e-6) for name, tensor in plenty.learner.weights().items())


def test_a_batch_that_does_not_fit_in_quarters_is_an_error_by_name(data, tmp_path):
    with pytest.raises(MemoryExhausted, match="expected 4 images at a time to fit"):
        hungry(data, tmp_path, 3).run()


def test_other_errors_are_not_taken_for_a_lack_of_memory(data, tmp_path, monkeypatch):
    started = training(data, tmp_path)

    def fail(*_):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(started.learner, "forward", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        started.run()


def test_a_step_reads_nothing_back_from_the_device(data, tmp_path):
    # on the meta device nothing is computed, so that any look at a value is an error
    job = make_job(data, change(TINY, phases__0__clip=1.0), out=str(tmp_path))
    device = torch.device("meta")
    learner = OneNet(make_net(job, 0, 0).to(device), "multiclass", device)
    learner.begin(job.recipe.phases[0])
    batch = Batch(torch.zeros(8, 1, 8, 8, device=device), torch.zeros(8, dtype=torch.int64, device=device))

    assert learner.step([batch], 0.1, 2).shape == (1, 8)
    with pytest.raises(RuntimeError, match="meta"):
        learner.step([batch], 0.1, 1).sum().item()


def test_a_frozen_body_stays_as_it_was_in_its_phase(data, tmp_path, monkeypatch):
    started = training(data, tmp_path, three_phases())
    before, seen = copy_weights(started.learner.weights()), {}
    enter = loop.Training._enter

    def note(self, stretch):
        seen[stretch.index] = copy_weights(self.learner.weights())
        enter(self, stretch)

    monkeypatch.setattr(loop.Training, "_enter", note)
    started.run()
    body = [name for name in before if not name.startswith("head")]

    assert equal({name: before[name] for name in body}, {name: seen[1][name] for name in body})
    assert not torch.equal(before["head.weight"], seen[1]["head.weight"])
    assert not equal(seen[1], seen[2])


def test_a_phase_that_starts_from_the_best_goes_back(data, tmp_path, monkeypatch):
    recipe = change(three_phases(), phases__1__schedule={"name": "constant", "rate": 5.0})  # so high that it only gets worse
    started = training(data, tmp_path, recipe)
    returned = []
    begin = OneNet.begin
    monkeypatch.setattr(OneNet, "begin", lambda self, phase: returned.append(copy_weights(self.weights())) or begin(self, phase))
    started.run()
    entries = started.at.histories[0]
    at_best = min((entry for entry in entries if entry["phase"] < 2), key=lambda entry: entry["judged"])

    assert at_best["phase"] == 0
    assert equal(returned[1], started.keeper.read_net(0, at_best["name"])[0])


def test_a_running_average_is_judged_and_predicts(data, tmp_path):
    recipe = change(TINY, phases__0__ema=0.5, predict__checkpoints="ema")
    started = training(data, tmp_path, recipe)
    started.run()
    feed, judge = started.setting.feeds[0], started.setting.judge
    said = judge.predict(started.learner.net, started.at.shadow, feed.held, views_of(("plain",)))
    value = started.setting.metric.function(started.setting.truth[feed.held], said)

    assert started.at.histories[0][-1]["value"] == value
    assert not equal(started.at.shadow, started.learner.weights())


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"predict__checkpoints": "ema"}, "ema above 0"),
        ({"predict__checkpoints": "average"}, 'average = "epochs"'),
        ({"predict__checkpoints": "best3", "phases__0__checkpoints": 0}, "checkpoints above 0"),
    ],
)
def test_nets_that_no_phase_makes_are_refused_before_training(data, tmp_path, changes, missing):
    with pytest.raises(RecipeInvalid, match=missing):
        run(make_job(data, change(TINY, **changes), out=str(tmp_path)))


def test_mining_by_confidence_draws_from_the_rows_of_greatest_loss(data, tmp_path):
    mining = {"name": "by_confidence", "every": 1, "share": 0.3}
    started = training(data, tmp_path, change(TINY, phases__0__mining=mining))
    (feed,), (stretch,) = started.setting.feeds, started.laid
    losses = np.zeros(120, np.float32)
    hard = feed.rows[5:23]
    losses[hard] = 1 + np.arange(18)

    assert set(feed.unsure(stretch, 1, losses)) <= set(hard)
    assert len(set(feed.unsure(stretch, 1, losses))) == 16


def test_the_hardest_batch_since_the_last_time_comes_again(data, tmp_path):
    started = training(data, tmp_path, change(TINY, phases__0__mining={"name": "repeat_hardest", "every": 3}))
    (feed,), (stretch,) = started.setting.feeds, started.laid
    losses = np.array([1.0, 3.0, 2.0, 0.0], np.float32)

    np.testing.assert_array_equal(feed.hardest(stretch, 3, losses), feed.regular(stretch, 1))


def test_seeds_differ_and_are_averaged(data, tmp_path):
    run(make_job(data, change(TINY, seeds=2), out=str(tmp_path)), [0])
    folder = tmp_path / "fold-0"
    made = digests(folder)

    assert made["seed-0/1crop/oof.npz"] != made["seed-1/1crop/oof.npz"]
    assert made["1crop/oof.npz"] not in {made["seed-0/1crop/oof.npz"], made["seed-1/1crop/oof.npz"]}


def test_sigterm_saves_and_exits_75_and_the_same_command_goes_on(data, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        'name = "long"\nnet = {name = "small_conv", options = {width = 4, stages = 2, depth = 1}}\ndata.channels = 1\n'
        "[[phases]]\nepochs = 100000\n"
    )
    folder = data / "data"
    command = [
        sys.executable,
        "-m",
        "pipelines",
        "run",
        recipe,
        "--data",
        folder,
        "--folds",
        folder / "folds.csv",
        "--out",
        tmp_path / "out",
    ]
    command += ["--threads", "1", "--json", "--fold", "0", "--store", data / "store"]
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if '"epoch"' in line:
                child.send_signal(signal.SIGTERM)
                break
        rest = child.stdout.read()

    assert child.returncode == EXIT_CODE
    assert '"stopped"' in rest.splitlines()[-1]
    assert list((tmp_path / "out" / "fold-0" / "seed-0").glob("checkpoint-*"))
