"""Learning-rate schedules: pure functions of the position in a phase and of the losses recorded so far, so that resuming needs no state."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint
from pipelines.recipe import Schedule

LINEAR_SCALING_BATCH = 256
# A loss counts as better only by this share, so that noise in the last digits does not hold a plateau off (as PyTorch's own does).
LEAST_GAIN = 1e-4


@dataclass(frozen=True)
class Position:
    """Where a phase stands: `step` counts from 0, `history` holds the losses of its epochs so far (lower is better)."""

    step: int
    steps_an_epoch: int
    steps: int
    history: Sequence[float] = ()

    @property
    def epoch(self) -> float:
        """Epochs passed, with their fraction."""
        return self.step / self.steps_an_epoch

    @property
    def epochs(self) -> float:
        """Epochs of the whole phase."""
        return self.steps / self.steps_an_epoch


def rate_at(schedule: Schedule, step: int, steps_an_epoch: int, steps: int, history: Sequence[float], batch: int) -> float:
    """Return the learning rate of one step of a phase.

    step: from 0 to steps - 1, counted from the phase's start; steps: of the whole phase.
    history: the recorded loss of each finished epoch of the phase, lower is better; only `plateau` looks at it.
    batch: images a step; with `scale_with_batch` the rate is multiplied by batch / 256 (linear scaling).
    A warm-up of some epochs raises the rate in a line to what the schedule says there; nothing is shifted by it.
    Raises RecipeInvalid for an unknown schedule, or one whose period, factor or rates cannot be.
    Source of linear scaling and warm-up: Goyal et al. (2017), Accurate, Large Minibatch SGD.

    >>> from pipelines.recipe import Schedule
    >>> halving = Schedule(name="steps", rate=0.1, period=2, factor=0.5)
    >>> [rate_at(halving, step, steps_an_epoch=1, steps=5, history=(), batch=32) for step in range(5)]
    [0.1, 0.1, 0.05, 0.05, 0.025]
    """
    if schedule.name not in SCHEDULES:
        raise RecipeInvalid(f"expected the name of a schedule, got {schedule.name!r}{hint(schedule.name, SCHEDULES)}")
    position = Position(step, steps_an_epoch, steps, history)
    scale = batch / LINEAR_SCALING_BATCH if schedule.scale_with_batch else 1.0
    return scale * _warm_up(schedule, position) * SCHEDULES[schedule.name](schedule, position)


def _warm_up(schedule: Schedule, position: Position) -> float:
    steps = schedule.warm_up * position.steps_an_epoch
    return min(1.0, (position.step + 1) / steps) if steps > 0 else 1.0


def _period(schedule: Schedule) -> float:
    if schedule.period <= 0:
        raise RecipeInvalid(f"the schedule {schedule.name!r} needs a period of more than 0 epochs, got {schedule.period}")
    return schedule.period


def constant(schedule: Schedule, position: Position) -> float:  # noqa: ARG001 - all schedules are called alike
    """Keep one rate."""
    return schedule.rate


def steps(schedule: Schedule, position: Position) -> float:
    """Multiply by `factor` at each epoch of `steps`, or where there are none at every `period` epochs; never below `low`."""
    passed = sum(position.epoch >= epoch for epoch in schedule.steps) if schedule.steps else position.epoch // _period(schedule)
    return max(schedule.low, schedule.rate * math.pow(schedule.factor, passed))


def exponential(schedule: Schedule, position: Position) -> float:
    """Fall as rate * factor ** (epoch / period), never below `low`."""
    return max(schedule.low, schedule.rate * math.pow(schedule.factor, position.epoch / _period(schedule)))


def cyclic(schedule: Schedule, position: Position) -> float:
    """Fall from `rate` to `low` in even ratios within each period, then start again: 1e-3..1e-6 spends as long in each power of ten."""
    if not 0 < schedule.low <= schedule.rate:
        raise RecipeInvalid(f"the schedule 'cyclic' needs 0 < low <= rate, got low {schedule.low} and rate {schedule.rate}")
    share = (position.epoch % _period(schedule)) / schedule.period
    return schedule.rate * math.pow(schedule.low / schedule.rate, share)


def triangular(schedule: Schedule, position: Position) -> float:
    """Rise in a line from `low` to `rate` in the first half of each period and fall back in the second (Smith 2017)."""
    share = (position.epoch % _period(schedule)) / schedule.period
    return schedule.low + (schedule.rate - schedule.low) * (1 - abs(2 * share - 1))


def cosine(schedule: Schedule, position: Position) -> float:
    """Fall from `rate` to `low` as half a cosine over the phase, or over each period with a restart (Loshchilov & Hutter 2017)."""
    share = (position.epoch % schedule.period) / schedule.period if schedule.period > 0 else position.epoch / position.epochs
    return schedule.low + (schedule.rate - schedule.low) * (1 + math.cos(math.pi * share)) / 2


def plateau(schedule: Schedule, position: Position) -> float:
    """Multiply by `factor` whenever `patience` epochs on end brought no better loss, never below `low`; NaN is no better."""
    rate, best, waited = schedule.rate, math.inf, 0
    for loss in position.history:
        if loss < (best - LEAST_GAIN * abs(best) if math.isfinite(best) else best):
            best, waited = loss, 0
            continue
        waited += 1
        if waited >= max(1, schedule.patience):
            rate, waited = rate * schedule.factor, 0
    return max(schedule.low, rate)


SCHEDULES: dict[str, Callable[[Schedule, Position], float]] = {
    "constant": constant,
    "steps": steps,
    "exponential": exponential,
    "cyclic": cyclic,
    "triangular": triangular,
    "cosine": cosine,
    "plateau": plateau,
}
