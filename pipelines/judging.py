"""How each fold's net does on the rows that are held out, and the record of it."""

from __future__ import annotations

import json

import torch

from pipelines.averaging import Weights
from pipelines.checkpoints import write_file
from pipelines.phases import Stretch
from pipelines.saving import Keeper
from pipelines.setting import Setting
from pipelines.standing import Entry, Standing
from pipelines.steps import Learner
from pipelines.tta import views_of

HIDDEN = ("judged", "whole", "name")
"""Keys of an entry that are not told to people."""


def is_due(stretch: Stretch, standing: Standing) -> bool:
    """Tell whether something is to be recorded here, and is not yet: at the end of each epoch, and wherever nets are judged."""
    step, last = standing.step, standing.histories[-1][-1] if standing.histories[-1] else {}
    if not step or (last.get("phase"), last.get("step")) == (stretch.index, step):
        return False
    return stretch.ends_epoch(step) or step in stretch.evaluations()


def record(setting: Setting, learner: Learner, standing: Standing, stretch: Stretch, keeper: Keeper, rate: float) -> None:
    """Record each fold's losses since the last time and, where the phase wants it, judge its net.

    Raises Stopped if somebody asks meanwhile; then nothing is recorded.
    """
    entries = []
    for place in range(len(setting.feeds)):
        entry = _entry(setting, standing, stretch, place, rate)
        if standing.step in stretch.evaluations():
            entry |= _judge(setting, learner, standing, stretch, keeper, place, entry)
        entries.append(entry)
    for history, entry, folder in zip(standing.histories, entries, setting.folders, strict=True):
        history.append(entry)
        write_file(folder / "metrics.jsonl", "".join(json.dumps(one) + "\n" for one in history).encode())
        setting.tell("epoch", **{key: value for key, value in entry.items() if key not in HIDDEN})


def _entry(setting: Setting, standing: Standing, stretch: Stretch, place: int, rate: float) -> Entry:
    since = max((entry["step"] for entry in standing.histories[place] if entry["phase"] == stretch.index), default=0)
    loss = float(standing.losses[place, since : standing.step].double().mean())
    return {
        "fold": setting.feeds[place].fold,
        "phase": stretch.index,
        "epoch": round(standing.step / stretch.steps_an_epoch, 4),
        "step": standing.step,
        "whole": stretch.ends_epoch(standing.step),
        "rate": rate,
        "train_loss": loss,
        "judged": loss,
    }


def _judge(setting: Setting, learner: Learner, standing: Standing, stretch: Stretch, keeper: Keeper, place: int, entry: Entry) -> Entry:
    feed = setting.feeds[place]
    weights = judged_weights(learner, standing, stretch, place)
    views = views_of(("plain",), stretch.phase.size)
    said = setting.judge.predict(learner.net, weights, feed.held, views, precision=stretch.phase.precision)
    known = setting.learns[feed.held]
    value = setting.metric.function(setting.truth[feed.held][known], said[known])
    judged = {"metric": setting.metric.name, "value": value, "judged": setting.metric.loss(value)}
    judged["name"] = f"phase-{stretch.index}-step-{standing.step:07}"
    keeper.keep_net(standing, place, entry | judged, weights, torch.from_numpy(said))
    return judged


def judged_weights(learner: Learner, standing: Standing, stretch: Stretch, place: int) -> Weights:
    """Return the weights that are judged: the running average where the phase keeps one, else the last."""
    weights = standing.shadow if stretch.phase.ema and standing.shadow is not None else learner.weights()
    return learner.of_fold(weights, place)
