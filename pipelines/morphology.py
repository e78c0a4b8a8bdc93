"""The parts of an augmentation that look at a pixel's neighbours: blur, erosion, dilation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from pipelines.chances import Chances, Floats, Ints, between
from pipelines.recipe import Augment

# A Gaussian has no weight to speak of beyond three deviations.
REACH = 3.0


def draw_blur(spec: Augment, chances: Chances) -> Floats:
    """Return each image's deviation in pixels, (n,); 0 leaves it alone."""
    deviations = between(chances.of("blur"), 0.0, spec.blur)
    if spec.probability < 1:
        deviations[chances.of("blur?") >= spec.probability] = 0
    return deviations


def blurred(images: Tensor, deviations: Floats) -> Tensor:
    """Return float images (n, c, h, w), each through a Gaussian of its own deviation; edges are continued."""
    rows = np.flatnonzero(deviations)
    if not len(rows):
        return images
    reach = int(np.ceil(REACH * deviations.max()))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / deviations[rows, None]) ** 2)
    kernels = torch.from_numpy((weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))
    return _replace(images, rows, lambda chosen: _convolved(chosen, kernels.to(images.device, non_blocking=True), reach))


def _convolved(images: Tensor, kernels: Tensor, reach: int) -> Tensor:
    """Convolve along rows, then columns; every image's channels are groups of one convolution."""
    count, channels, height, width = images.shape
    planes = images.reshape(1, count * channels, height, width)
    weights = kernels.repeat_interleave(channels, dim=0)[:, None, None, :]
    planes = nn.functional.conv2d(nn.functional.pad(planes, (reach, reach, 0, 0), mode="replicate"), weights, groups=count * channels)
    planes = nn.functional.conv2d(
        nn.functional.pad(planes, (0, 0, reach, reach), mode="replicate"), weights.transpose(2, 3), groups=count * channels
    )
    return planes.view(images.shape)


def eroded(images: Tensor, rows: Ints) -> Tensor:
    """Return the images with the least of 3 x 3 pixels at each place, for those rows: bright things grow thinner."""
    return _replace(images, rows, lambda chosen: -nn.functional.max_pool2d(-chosen, 3, stride=1, padding=1))


def dilated(images: Tensor, rows: Ints) -> Tensor:
    """Return the images with the greatest of 3 x 3 pixels at each place, for those rows: bright things grow thicker."""
    return _replace(images, rows, lambda chosen: nn.functional.max_pool2d(chosen, 3, stride=1, padding=1))


def _replace(images: Tensor, rows: Ints, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the images with some rows changed; the others cost nothing."""
    if not len(rows):
        return images
    if len(rows) == len(images):
        return change(images)
    index = torch.from_numpy(rows).to(images.device, non_blocking=True)
    return images.index_copy(0, index, change(images.index_select(0, index)))
