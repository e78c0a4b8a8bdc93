"""A step's batch: the rows' pixels, changed at random and normalised, with targets that may be soft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipelines import draws
from pipelines.ahead import Ahead
from pipelines.augment import augment
from pipelines.losses import MULTICLASS
from pipelines.mixing import mixup, one_hot, smoothed, smoothed_labels
from pipelines.recipe import Phase

Rows = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


class Images(Protocol):
    """Images by row, all of one size."""

    def take(self, rows: Rows) -> Array:
        """Return (len(rows), c, h, w)."""


@dataclass(frozen=True)
class Batch:
    """What one step of one fold learns from."""

    images: Tensor
    """Float (n, c, h, w), ready for the net."""
    targets: Tensor
    """Classes int64 (n,), or floats (n,) or (n, C)."""
    features: Tensor | None = None
    taught: Tensor | None = None
    """A teacher's probabilities, (n, C) or (n,)."""

    def part(self, start: int, stop: int) -> Batch:
        """Return some rows of it."""
        cut = slice(start, stop)
        features = None if self.features is None else self.features[cut]
        return Batch(self.images[cut], self.targets[cut], features, None if self.taught is None else self.taught[cut])


class Pixels:
    """Train images, and after them test images, read to a device row by row, or lying there as a whole."""

    def __init__(
        self, train: Images, rows: int, test: Images | None, device: torch.device, whole: bool = False, ahead: bool = False
    ) -> None:
        """Read from these. rows: of the train images. whole: copy the train images to the device at once. ahead: read what is expected."""
        self.train, self.rows, self.test, self.device = train, rows, test, device
        self.held = torch.from_numpy(np.ascontiguousarray(train.take(np.arange(rows)))).to(device) if whole else None
        self.ahead = Ahead(self._on_host) if ahead else None

    def expect(self, rows: Rows) -> None:
        """Begin to read what will be taken next, where images are read ahead."""
        if self.ahead is not None:
            self.ahead.expect(rows)

    def take(self, rows: Rows) -> Tensor:
        """Return raw images (n, c, h, w) on the device; rows from `self.rows` on are test images."""
        if self.held is not None and (not len(rows) or rows.max() < self.rows):
            index = torch.from_numpy(rows).to(self.device, non_blocking=True)
            return _pick(self.held, index)
        images = self._on_host(rows) if self.ahead is None else self.ahead.take(rows)
        return images.to(self.device, non_blocking=True)

    def _on_host(self, rows: Rows) -> Tensor:
        """Return raw images on the CPU; those read ahead for a GPU in memory from which they are copied while it works."""
        images = torch.from_numpy(np.ascontiguousarray(self._read(rows)))
        return images.pin_memory() if self.ahead is not None and self.device.type == "cuda" else images

    def _read(self, rows: Rows) -> Array:
        tested = rows >= self.rows
        if not tested.any() or self.test is None:
            return self.train.take(rows)
        ours, others = self.train.take(rows[~tested]), self.test.take(rows[tested] - self.rows)
        images = np.empty((len(rows), *others.shape[1:]), others.dtype)
        images[~tested], images[tested] = ours, others
        return images


def _pick(images: Tensor, index: Tensor) -> Tensor:
    """Pick rows; of uint16, which torch hardly knows, as int16 of the same bits."""
    if images.dtype == torch.uint16:
        return images.view(torch.int16).index_select(0, index).view(torch.uint16)
    return images.index_select(0, index)


@dataclass(frozen=True)
class Normaliser:
    """What every image passes before the net: (image - mean) / deviation, by channel."""

    mean: Tensor
    """(1, c, 1, 1)"""
    deviation: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        """Return float images of mean 0 and deviation 1, or as the recipe says."""
        return (images - self.mean) / self.deviation


@dataclass(frozen=True)
class Lesson:
    """What a fold's rows are to be learnt as: all tensors hold a line for each train row and then, with pseudo-labels, each test row."""

    targets: Tensor
    """Classes int64 (n,), or floats (n,) or (n, C)."""
    features: Tensor | None
    taught: Tensor | None

    def of(self, images: Tensor, index: Tensor) -> Batch:
        """Return the batch of these rows."""
        features = None if self.features is None else self.features.index_select(0, index)
        taught = None if self.taught is None else self.taught.index_select(0, index)
        return Batch(images, self.targets.index_select(0, index), features, taught)


@dataclass(frozen=True)
class Kitchen:
    """What makes batches for any fold."""

    pixels: Pixels
    normalise: Callable[[Tensor], Tensor]
    task: str
    outputs: int
    seed: int
    dtype: torch.dtype = torch.float32

    def batches(self, phase: Phase, numbers: tuple[int, int], lessons: Sequence[Lesson], rows: Sequence[Rows]) -> list[Batch]:
        """Return a batch for each fold.

        numbers: of the phase and the step, which name the draws: the same for all folds, so that alone or side by side a fold
        meets the same images. rows: of each fold, (n,).
        """
        together = np.concatenate(rows)
        draw = draws.generator(self.seed, "augment", *numbers)
        images = augment(self.pixels.take(together), phase.augment, draw, phase.size, together)
        images = self.normalise(images).to(self.dtype)
        batches, start = [], 0
        for lesson, own in zip(lessons, rows, strict=True):
            index = torch.from_numpy(own).to(images.device, non_blocking=True)
            batch = lesson.of(images[start : start + len(own)], index)
            batches.append(self._soften(batch, phase, draws.generator(self.seed, "mixup", *numbers)))
            start += len(own)
        return batches

    def _soften(self, batch: Batch, phase: Phase, generator: np.random.Generator) -> Batch:
        targets = batch.targets
        if self.task == MULTICLASS and not targets.is_floating_point() and (phase.smoothing or phase.mixup):
            targets = one_hot(targets, self.outputs)
        if phase.smoothing:
            targets = (smoothed if self.task == MULTICLASS else smoothed_labels)(targets, phase.smoothing)
        if targets.is_floating_point():
            targets = targets.to(self.dtype)
        if not phase.mixup:
            return replace(batch, targets=targets)
        return _mix(replace(batch, targets=targets), phase.mixup, generator)


def _mix(batch: Batch, alpha: float, generator: np.random.Generator) -> Batch:
    """Mix images, targets, features and what a teacher says in the same shares."""
    parts = [part for part in (batch.targets, batch.features, batch.taught) if part is not None]
    images, mixed = mixup(
        batch.images, torch.cat([part.flatten(1) if part.ndim > 1 else part[:, None] for part in parts], 1), alpha, generator
    )
    back = iter(torch.split(mixed, [part[0].numel() for part in parts], 1))
    shaped = [None if part is None else next(back).reshape(part.shape) for part in (batch.targets, batch.features, batch.taught)]
    assert shaped[0] is not None
    return Batch(images, shaped[0], shaped[1], shaped[2])
