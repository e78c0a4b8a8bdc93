"""Which rows a fold learns from at each step: a pure function of seed and step, and of the losses where it mines what is hard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pipelines import draws
from pipelines.batches import Lesson, Rows
from pipelines.phases import Stretch

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Feed:
    """One fold's rows."""

    fold: int
    seed: int
    rows: Rows
    """To learn from."""
    held: Rows
    """To be judged by."""
    lessons: tuple[Lesson, ...]
    """For each phase."""
    pseudo: tuple[Rows, ...]
    """For each phase, the test rows (counted from the last train row on) that are sure enough; none without pseudo-labels."""

    def regular(self, stretch: Stretch, step: int) -> Rows:
        """Return the rows of a step that goes through the epoch; with pseudo-labels their share of it are test rows."""
        batch = min(stretch.phase.batch, len(self.rows))
        place = stretch.place(step)
        rows = _order(self.seed, self.fold, stretch.index, stretch.epoch(step), len(self.rows))[place * batch : (place + 1) * batch]
        chosen: Rows = self.rows[rows]
        others = self.pseudo[stretch.index]
        if stretch.phase.pseudo is None or not len(others):
            return chosen
        count = round(stretch.phase.pseudo.share * batch)
        draw = draws.generator(self.seed, "pseudo", self.fold, stretch.index, step)
        return np.concatenate([chosen[: batch - count], draw.choice(others, count)])

    def hardest(self, stretch: Stretch, step: int, losses: Floats) -> Rows:
        """Return the rows of the batch of greatest loss since the last mined step. losses: of the phase's steps so far, (step,)."""
        mining = stretch.phase.mining
        assert mining is not None
        return self.regular(stretch, step - mining.every + int(np.argmax(losses[step - mining.every : step])))

    def unsure(self, stretch: Stretch, step: int, losses: Floats) -> Rows:
        """Return a batch drawn from the share of rows that the net was least sure of.

        losses: the last of each train row, (n,); infinite where it was not seen.
        """
        mining = stretch.phase.mining
        assert mining is not None
        batch = min(stretch.phase.batch, len(self.rows))
        count = max(batch, round(mining.share * len(self.rows)))
        order = np.argsort(-losses[self.rows], kind="stable")[:count]
        draw = draws.generator(self.seed, "mining", self.fold, stretch.index, step)
        chosen: Rows = self.rows[draw.choice(order, batch, replace=False)]
        return chosen


@lru_cache(maxsize=16)
def _order(seed: int, fold: int, phase: int, epoch: int, count: int) -> Rows:
    return draws.order(count, seed, "epoch", fold, phase, epoch)
