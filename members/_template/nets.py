"""A net of one's own: a recipe names it by `code = "members._template.nets:build"`."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TwoPools(nn.Module):
    """Two convolutions, then the mean and the greatest value of each map side by side: images (n, c, h, w) to (n, num_features).

    A module with `num_features` gets its head from the pipelines. Its children are groups that a phase can train by their names.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.num_features = 4 * width
        self.first = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1, stride=2), nn.BatchNorm2d(2 * width), nn.ReLU())

    def forward(self, images: Tensor) -> Tensor:
        """Return what the head is to see."""
        maps = self.second(self.first(images))
        return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)


def build(*, outputs: int, channels: int, size: int, width: int = 16) -> nn.Module:  # noqa: ARG001 - a whole net would need them
    """Return the net's body; `net.options` of the recipe may say width.

    >>> tuple(build(outputs=3, channels=1, size=8)(torch.zeros(2, 1, 8, 8)).shape)
    (2, 64)
    """
    return TwoPools(channels, width)
