"""An augmentation of one's own: a recipe names it by `code = "members._template.augmentations:cut_out"` in a phase's augment."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SHARE = 0.25
"""Of the image's side."""


class Chances(Protocol):
    """What is random: a number from 0 to 1 for each image and purpose, the same whenever the same step is done again."""

    def of(self, purpose: str) -> NDArray[np.float64]:
        """Return one number an image, shape (n,)."""


def cut_out(images: Tensor, chances: Chances) -> Tensor:
    """Grey out a square of every image (DeVries and Taylor 2017); images float32 (n, c, h, w) from 0 to 1, and so is what is returned."""
    inside = [_band(images, chances.of(side), axis) for side, axis in (("top", 2), ("left", 3))]
    return torch.where(inside[0] & inside[1], 0.5, images)


def _band(images: Tensor, chances: NDArray[np.float64], axis: int) -> Tensor:
    """Return which places along an axis are in the square, bool (n, 1, h, 1) or (n, 1, 1, w)."""
    side = images.shape[axis]
    kept = max(1, round(SHARE * side))
    first = torch.from_numpy(np.floor(chances * (side - kept + 1))).to(images.device)[:, None]
    places = torch.arange(side, device=images.device)
    band = (places >= first) & (places < first + kept)
    return band[:, None, :, None] if axis == 2 else band[:, None, None, :]
