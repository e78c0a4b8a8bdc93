"""What one training needs and does not change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch

from pipelines.batches import Kitchen
from pipelines.feeds import Feed
from pipelines.metrics import Metric
from pipelines.phases import Stretch, stretches
from pipelines.predicting import Judge
from pipelines.progress import Report, nobody
from pipelines.recipe import Recipe
from pipelines.stopping import StopRequest

SAVE_SECONDS, SAVE_SHARE = 60.0, 0.01


@dataclass(frozen=True)
class Saving:
    """How often the state is saved: after so many seconds, and so seldom that it costs no more than a share of the time."""

    seconds: float = SAVE_SECONDS
    share: float = SAVE_SHARE

    def wait(self, cost: float) -> float:
        """Return the seconds until the next save, after one that took `cost`; 0 seconds save after every step.

        >>> Saving(seconds=60).wait(0.1), Saving(seconds=60).wait(2.0), Saving(seconds=0).wait(2.0)
        (60, 200.0, 0.0)
        """
        return max(self.seconds, cost / self.share) if self.seconds else 0.0


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A training of one fold, or of several side by side."""

    recipe: Recipe
    metric: Metric
    truth: npt.NDArray[Any]
    """Of each train row."""
    learns: npt.NDArray[Any]
    """Which train rows have a truth, bool (n,)."""
    kitchen: Kitchen
    judge: Judge
    feeds: Sequence[Feed]
    """Of each fold that trains here."""
    folders: Sequence[Path]
    """Of each fold, for what was recorded and for snapshots."""
    folder: Path
    """For the state."""
    rows: int
    """Of the smallest training set among all folds of the run."""
    report: Report = nobody
    request: StopRequest = field(default_factory=StopRequest)
    saving: Saving = Saving()

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.judge.device

    def stretches(self) -> tuple[Stretch, ...]:
        """Return the phases in steps."""
        return stretches(self.recipe.phases, self.rows)

    def tell(self, event: str, **figures: Any) -> None:
        """Report an event."""
        self.report({"event": event, **figures})
