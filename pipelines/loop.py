"""Training: phases of steps, with judgement, saving and stopping between two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pipelines import draws, judging
from pipelines.averaging import add_to_mean, copy_weights, follow, write_weights
from pipelines.batches import Rows
from pipelines.errors import LossNotFinite
from pipelines.phases import Stretch, whole_steps
from pipelines.progress import Pace
from pipelines.saving import Keeper
from pipelines.schedules import rate_at
from pipelines.setting import Setting
from pipelines.snapshots import best
from pipelines.standing import Standing, snapshots_of
from pipelines.steps import MOST_HALVINGS, Learner, step_within_memory
from pipelines.stopping import Stopped

READ_EVERY = 50
"""Steps; a device is waited for no more often than this, but once a second for those who watch."""


class Training:
    """The nets of one or more folds on their way through a recipe's phases."""

    def __init__(self, setting: Setting, learner: Learner) -> None:
        """Begin, or go on where the folder's newest whole checkpoint stands."""
        self.setting, self.learner = setting, learner
        self.laid = setting.stretches()
        self.keeper = Keeper(setting)
        self.at = Standing([[] for _ in setting.feeds])
        if not self.keeper.resume(self.at, learner):
            self._rehearse()
            self._enter(self.laid[0])
        self.looked = self.at.step
        """Steps of the phase whose losses have been looked at."""
        self.pace = Pace(whole_steps(self.laid), self.laid[self.at.phase].first + self.at.step)

    def run(self) -> Standing:
        """Train to the end, and return where it stands then, saved.

        Raises Stopped after saving, if somebody asked; LossNotFinite; MemoryExhausted.
        """
        try:
            for stretch in self.laid[self.at.phase :]:
                if stretch.index != self.at.phase:
                    self._enter(stretch)
                self._run_phase(stretch)
        except Stopped:
            self._save()
            raise
        self._save()
        return self.at

    def take_steps(self, count: int) -> None:
        """Take some steps of the phase that it stands in, without judging or saving: to see how fast they are."""
        stretch = self.laid[self.at.phase]
        for _ in range(min(count, stretch.steps - self.at.step)):
            self._step(stretch)

    def _run_phase(self, stretch: Stretch) -> None:
        self._record_if_due(stretch)
        while self.at.step < stretch.steps:
            self._step(stretch)
            self._record_if_due(stretch)
            if self.setting.request.asked:
                raise Stopped
            if self.keeper.is_due():
                self._save()

    def _rehearse(self) -> None:
        """Begin every phase once, so that what a later one asks for in vain is an error now and not in some hours."""
        for stretch in self.laid:
            self.learner.begin(stretch.phase)
            self._rate(stretch, 0)

    def _enter(self, stretch: Stretch) -> None:
        """Begin a phase: from the last weights or the best, with a new optimiser."""
        if stretch.phase.start == "best":
            self._return_to_best()
        self.learner.begin(stretch.phase)
        self.at.enter(stretch, self.setting.device)
        self.looked = 0
        if stretch.phase.ema:
            self.at.shadow = copy_weights(self.learner.weights())
        if stretch.phase.average == "epochs":
            self.at.mean, self.at.counted = copy_weights(self.learner.weights()), 0
        mining = stretch.phase.mining
        sees_rows = mining is not None and mining.name == "by_confidence"
        shape = len(self.setting.feeds), len(self.setting.truth)
        self.at.row_losses = torch.full(shape, math.inf, device=self.setting.device) if sees_rows else None

    def _return_to_best(self) -> None:
        for place, history in enumerate(self.at.histories):
            for name in best(snapshots_of(history)):
                weights, _ = self.keeper.read_net(place, name)
                write_weights(self.learner.of_fold(self.learner.weights(), place), weights)

    def _rate(self, stretch: Stretch, step: int) -> float:
        history = [entry["judged"] for entry in self.at.histories[0] if entry["phase"] == stretch.index and entry["whole"]]
        return rate_at(stretch.phase.schedule, step, stretch.steps_an_epoch, stretch.steps, history, stretch.phase.batch)

    # A step

    def _step(self, stretch: Stretch) -> None:
        step, phase, setting = self.at.step, stretch.phase, self.setting
        rows = [self._rows(stretch, step, place) for place in range(len(setting.feeds))]
        lessons = [feed.lessons[stretch.index] for feed in setting.feeds]
        batches = setting.kitchen.batches(phase, (stretch.index, step), lessons, rows)
        self._expect(stretch, step + 1)
        rate, most = self._rate(stretch, step), phase.accumulate * 2**MOST_HALVINGS

        def seed() -> None:
            draws.seed_step(setting.kitchen.seed, stretch.first + step, setting.feeds[0].fold)

        losses, self.at.parts = step_within_memory(self.learner, batches, rate, self.at.parts, most, seed)
        self._note(losses, step, rows)
        self.at.step += 1
        self._average(stretch)
        told = self.pace.pass_step(sum(map(len, rows)))
        if told or self.at.step - self.looked >= READ_EVERY:
            self._look(stretch)
        if told:
            self._tell(stretch, rate)

    def _rows(self, stretch: Stretch, step: int, place: int) -> Rows:
        feed = self.setting.feeds[place]
        if not stretch.is_mined(step):
            return feed.regular(stretch, step)
        if self.at.row_losses is not None:
            return feed.unsure(stretch, step, self.at.row_losses[place].cpu().numpy())
        return feed.hardest(stretch, step, self.at.losses[place].cpu().numpy())

    def _expect(self, stretch: Stretch, step: int) -> None:
        """Say which images come next, where that does not depend on losses."""
        if step < stretch.steps and not stretch.is_mined(step) and self.setting.kitchen.pixels.ahead is not None:
            self.setting.kitchen.pixels.expect(np.concatenate([feed.regular(stretch, step) for feed in self.setting.feeds]))

    def _note(self, losses: Tensor, step: int, rows: Sequence[Rows]) -> None:
        """Keep a step's losses (folds, n) on the device."""
        self.at.losses[:, step] = losses.mean(1)
        if self.at.row_losses is None:
            return
        for place, own in enumerate(rows):
            trained = np.flatnonzero(own < len(self.setting.truth))
            index, source = (torch.from_numpy(some).to(self.setting.device) for some in (own[trained], trained))
            self.at.row_losses[place].index_copy_(0, index, losses[place].index_select(0, source).float())

    def _average(self, stretch: Stretch) -> None:
        if stretch.phase.ema and self.at.shadow is not None:
            follow(self.at.shadow, self.learner.weights(), stretch.phase.ema, self.at.step - 1)
        if stretch.phase.average == "epochs" and self.at.mean is not None and stretch.ends_epoch(self.at.step):
            self.at.counted += 1
            add_to_mean(self.at.mean, self.learner.weights(), self.at.counted)

    # Between steps

    def _look(self, stretch: Stretch) -> None:
        """Wait for the device, and look at the losses that have not been looked at; raise LossNotFinite."""
        fresh = self.at.losses[:, self.looked : self.at.step].cpu().numpy()
        bad = np.argwhere(~np.isfinite(fresh.T))
        if len(bad):
            place = int(bad[0][1])
            step, value = self.looked + int(bad[0][0]), fresh[place, bad[0][0]]
            raise LossNotFinite(
                f"expected a finite loss, got {value} in fold {self.setting.feeds[place].fold} at step {step} of phase {stretch.index} "
                f"with the rate {self._rate(stretch, step):.6g}; the last good checkpoint: {self.keeper.last_good()}"
            )
        self.looked = self.at.step

    def _record_if_due(self, stretch: Stretch) -> None:
        if judging.is_due(stretch, self.at):
            self._look(stretch)
            judging.record(self.setting, self.learner, self.at, stretch, self.keeper, self._rate(stretch, self.at.step - 1))
            self.learner.resume_training()

    def _save(self) -> None:
        self._look(self.laid[self.at.phase])
        self.keeper.save(self.at, self.learner)

    def _tell(self, stretch: Stretch, rate: float) -> None:
        loss = float(self.at.losses[:, self.at.step - 1].mean())
        numbers = {
            "fold": self.setting.feeds[0].fold,
            "phase": stretch.index,
            "epoch": stretch.epoch(self.at.step - 1),
            "step": self.at.step,
        }
        judged = [entry for entry in self.at.histories[0] if "value" in entry][-1:]
        last = {key: entry[key] for entry in judged for key in ("metric", "value")}
        self.setting.tell("step", **numbers, loss=loss, rate=rate, **last, **self.pace.figures())
