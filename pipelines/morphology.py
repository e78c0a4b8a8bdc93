"""The parts of an augmentation that look at a pixel's neighbours: blur, erosion, dilation."""

from __future__ import annotations

import math
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
    weights = torch.from_numpy(_gaussians(deviations[rows]).astype(np.float32)).to(images.device, non_blocking=True)
    return _replace(images, rows, lambda chosen: _convolved(_convolved(chosen, weights, 3), weights, 2))


def _gaussians(deviations: Floats) -> Floats:
    """Return a kernel an image, (n, 2 * reach + 1), each summing to 1."""
    reach = math.ceil(REACH * deviations.max())
    weights: Floats = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviations[:, None]) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _convolved(images: Tensor, kernels: Tensor, axis: int) -> Tensor:
    """Convolve each image along one axis with its own kernel.

    Shifted sums, since a depthwise convolution is compiled anew for each number of images, and slower for large ones.
    """
    reach, side = kernels.shape[1] // 2, images.shape[axis]
    around = (reach, reach, 0, 0) if axis == 3 else (0, 0, reach, reach)
    padded = nn.functional.pad(images, around, mode="replicate")
    weights = kernels[:, :, None, None, None].unbind(1)
    total = padded.narrow(axis, 0, side) * weights[0]
    for step in range(1, kernels.shape[1]):
        total.addcmul_(padded.narrow(axis, step, side), weights[step])
    return total


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
