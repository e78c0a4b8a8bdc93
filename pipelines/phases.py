"""A recipe's phases, laid out in steps: what is trained when is a pure function of the recipe and the number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.recipe import Phase, Recipe


@dataclass(frozen=True)
class Stretch:
    """One phase in steps."""

    index: int
    phase: Phase
    first: int
    """Steps of the phases before."""
    regular: int
    """Steps an epoch that go through the rows."""
    steps: int
    """Of the whole phase."""

    @property
    def steps_an_epoch(self) -> int:
        """With the steps that mining adds."""
        mining = self.phase.mining
        return self.regular + (self.regular // mining.every if mining else 0)

    def is_mined(self, step: int) -> bool:
        """Tell whether this step is one that mining adds: one after every so many regular ones."""
        mining = self.phase.mining
        return mining is not None and (step % self.steps_an_epoch + 1) % (mining.every + 1) == 0

    def epoch(self, step: int) -> int:
        """Return the epoch of a step, from 0."""
        return step // self.steps_an_epoch

    def place(self, step: int) -> int:
        """Return how many regular steps came before in the epoch."""
        within = step % self.steps_an_epoch
        mining = self.phase.mining
        return within - (within // (mining.every + 1) if mining else 0)

    def evaluations(self) -> tuple[int, ...]:
        """Return after how many steps the net is judged, rising: `checkpoints` times an epoch and at the end; never where it is 0."""
        count = self.phase.checkpoints
        if not count:
            return ()
        whole = self.steps // self.steps_an_epoch + 1
        places = {round((epoch + (part + 1) / count) * self.steps_an_epoch) for epoch in range(whole) for part in range(count)}
        return tuple(sorted({place for place in places if 0 < place < self.steps} | {self.steps}))

    def ends_epoch(self, passed: int) -> bool:
        """Tell whether an epoch, or the phase, is over after so many steps."""
        return passed % self.steps_an_epoch == 0 or passed == self.steps


def stretches(phases: Iterable[Phase], rows: int) -> tuple[Stretch, ...]:
    """Return the phases in steps. rows: of the smallest training set among the folds, so that all folds take as many steps.

    A batch that cannot be filled is left out of its epoch (other rows are left out of the next); fewer rows than a batch are one batch.
    """
    laid: list[Stretch] = []
    for index, phase in enumerate(phases):
        first = laid[-1].first + laid[-1].steps if laid else 0
        one = Stretch(index, phase, first, max(1, rows // phase.batch), 0)
        laid.append(Stretch(index, phase, first, one.regular, max(1, round(phase.epochs * one.steps_an_epoch))))
    return tuple(laid)


def whole_steps(laid: Sequence[Stretch]) -> int:
    """Return the steps of all phases."""
    return laid[-1].first + laid[-1].steps


def starts_from_best(recipe: Recipe) -> bool:
    """Tell whether a later phase goes back to the best weights."""
    return any(phase.start == "best" for phase in recipe.phases[1:])
