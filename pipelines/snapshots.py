"""Which of a training's saved nets predict: the last, the best, the three best, or the three of ten that differ most."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
MEMBERS = 3
CANDIDATES = 10


@dataclass(frozen=True)
class Snapshot:
    """A net as it was at one evaluation."""

    name: str
    """Such as p1-e0003: of phase 1, after its third evaluation."""
    loss: float
    """On the rows held out; lower is better."""


def best(snapshots: Sequence[Snapshot], count: int = 1) -> tuple[str, ...]:
    """Return the names of the snapshots of least loss, best first; of equals the earlier. A loss that is NaN comes last.

    >>> best([Snapshot("a", 0.3), Snapshot("b", 0.1), Snapshot("c", 0.2)], 2)
    ('b', 'c')
    """
    ranked = sorted(snapshots, key=lambda one: (np.isnan(one.loss), one.loss))
    return tuple(one.name for one in ranked[:count])


def candidates(snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    """Return the names of the last ten, oldest first."""
    return tuple(one.name for one in snapshots[-CANDIDATES:])


def most_different(predictions: Mapping[str, Array], count: int = MEMBERS) -> tuple[str, ...]:
    """Return the names of those that differ most: the greatest sum of mean absolute differences over pairs. At most ten are meant.

    predictions: name -> held-out predictions, all of one shape. Of equals the earlier.

    >>> most_different({"a": np.array([0.0]), "b": np.array([0.1]), "c": np.array([1.0])}, 2)
    ('a', 'c')
    """
    names = list(predictions)
    apart = {
        pair: float(np.abs(predictions[pair[0]] - predictions[pair[1]]).mean(dtype=np.float64)) for pair in itertools.combinations(names, 2)
    }
    choices = list(itertools.combinations(names, min(count, len(names))))
    return max(choices, key=lambda some: sum(apart[pair] for pair in itertools.combinations(some, 2)))


KEPT = {"last": 0, "ema": 0, "average": 0, "best": 1, "best3": MEMBERS, "diverse3": CANDIDATES}
"""Predict.checkpoints -> how many nets stay on disk beside the training's own state."""


def needed(snapshots: Sequence[Snapshot], checkpoints: str, starts_from_best: bool) -> frozenset[str]:
    """Return the names whose weights may still be asked for."""
    kept = candidates(snapshots) if checkpoints == "diverse3" else best(snapshots, KEPT[checkpoints])
    return frozenset(kept) | (frozenset(best(snapshots)) if starts_from_best else frozenset())
