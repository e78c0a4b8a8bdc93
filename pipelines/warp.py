"""The one resample of a batch."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from pipelines.affine import Frame
from pipelines.transfer import sent

# Control points a side of a displacement field: waves no shorter than half a side.
CONTROLS = 5


def warp(images: Tensor, matrices: Tensor, out: Frame, bends: Tensor | None = None) -> Tensor:
    """Resample each image through its own matrix, and bend it, in one go; beyond an edge the image is mirrored.

    images: float (n, c, h, w).
    matrices: (n, 2, 3), from the outgoing to the incoming image, both from -1 to 1 (see affine.normalised).
    bends: (n, 2, CONTROLS, CONTROLS), displacements in x and y at evenly spaced control points, on the same scale.
    Returns float32 (n, c, out.height, out.width), bilinear. An image that shrinks to a half or less is averaged down first.
    """
    grid = _grid(matrices, out)
    if bends is not None:
        grid += _spline(out.height, grid.device) @ bends @ _spline(out.width, grid.device).T
    # planes of x and y, seen as pairs: pairs in memory would cost an affine_grid, which takes longer than the resample
    pairs = grid.permute(0, 2, 3, 1)
    return nn.functional.grid_sample(_shrunk(images, out), pairs, padding_mode="reflection", align_corners=False)


def _grid(matrices: Tensor, out: Frame) -> Tensor:
    """Return the places (n, 2, h, w): what a column adds and what a row adds, each worked out once."""
    columns = matrices[:, :, 0:1] * _centres(out.width, matrices.device) + matrices[:, :, 2:3]
    rows = matrices[:, :, 1:2] * _centres(out.height, matrices.device)
    return columns[:, :, None, :] + rows[:, :, :, None]


@cache
def _centres(side: int, device: torch.device) -> Tensor:
    """Return the centres of pixels from -1 to 1."""
    return sent((np.arange(side) * 2 + 1) / side - 1, device)


@cache
def _spline(side: int, device: torch.device) -> Tensor:
    """Return the weights (side, CONTROLS) of each control point at each pixel: cubic B-splines, so that the bend has no kink."""
    places = (np.arange(side) + 0.5) / side * (CONTROLS - 1)
    away = np.abs(places[:, None] - np.arange(CONTROLS))
    return sent(np.where(away < 1, 2 / 3 - away**2 + away**3 / 2, np.maximum(2 - away, 0) ** 3 / 6), device)


def _shrunk(images: Tensor, out: Frame) -> Tensor:
    factor = min(images.shape[2] // out.height, images.shape[3] // out.width)
    if factor < 2:
        return images
    return nn.functional.interpolate(images, size=(images.shape[2] // factor, images.shape[3] // factor), mode="area")
