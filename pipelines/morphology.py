"""The parts of an augmentation that look at a pixel's neighbours: blur, erosion, dilation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipelines.chances import Chances, Floats, Ints, between
from pipelines.recipe import Augment
from pipelines.transfer import sent

Flags = NDArray[np.bool_]

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
    weights = sent(_gaussians(deviations[rows]), images.device)
    return _replace(images, rows, lambda chosen: _convolved(_convolved(chosen, weights, 3), weights, 2))


def _gaussians(deviations: Floats) -> Floats:
    """Return a kernel an image, (n, 2 * reach + 1), each summing to 1, and 0 beyond its own reach, whatever the others'."""
    reaches = np.ceil(REACH * deviations)[:, None]
    steps = np.arange(-reaches.max(), reaches.max() + 1)
    weights: Floats = np.exp(-0.5 * (steps / deviations[:, None]) ** 2) * (np.abs(steps) <= reaches)
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


def eroded(images: Tensor, chosen: Flags) -> Tensor:
    """Return the chosen images (n, c, h, w) with the least of 3 x 3 pixels at each place: bright things grow thinner."""
    return _replace(images, np.flatnonzero(chosen), lambda some: _extreme(_extreme(some, 3, torch.minimum), 2, torch.minimum))


def dilated(images: Tensor, chosen: Flags) -> Tensor:
    """Return the chosen images (n, c, h, w) with the greatest of 3 x 3 pixels at each place: bright things grow thicker."""
    return _replace(images, np.flatnonzero(chosen), lambda some: _extreme(_extreme(some, 3, torch.maximum), 2, torch.maximum))


def _extreme(images: Tensor, axis: int, extreme: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Return the extreme of each pixel and its two neighbours along an axis; many times as fast as pooling."""
    side = images.shape[axis] - 1
    pairs = extreme(images.narrow(axis, 0, side), images.narrow(axis, 1, side))
    inner = extreme(pairs.narrow(axis, 0, side - 1), pairs.narrow(axis, 1, side - 1))
    return torch.cat([pairs.narrow(axis, 0, 1), inner, pairs.narrow(axis, side - 1, 1)], axis)


def _replace(images: Tensor, rows: Ints, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the images with some rows changed; the others cost nothing."""
    if not len(rows):
        return images
    if len(rows) == len(images):
        return change(images)
    index = sent(rows, images.device)
    return images.index_copy(0, index, change(images.index_select(0, index)))
