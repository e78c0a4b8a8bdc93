"""The net of the plankton competition's winners: four rotations of an image share one net, whose outputs do not depend on the rotation.

Source: Dieleman et al. (2016), Exploiting Cyclic Symmetry in Convolutional Neural Networks, and the write-up of team Deep Sea (2015).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from pipelines.errors import DataInvalid, RecipeInvalid
from pipelines.nets.classifier import Classifier
from pipelines.nets.small_conv import growing_dropout

ROTATIONS = 4
LEAST_SQUARE = 1e-12
"""Below the root, where its slope would be endless."""


class CyclicSlice(nn.Module):
    """(n, c, s, s) to (4 n, c, s, s): image i rotated by 0, 90, 180 and 270 degrees at places 4 i to 4 i + 3."""

    def forward(self, images: Tensor) -> Tensor:
        """Return the rotations; raises DataInvalid for images that are not square, whose rotations have other shapes."""
        if images.shape[2] != images.shape[3]:
            raise DataInvalid(f"expected square images for a cyclic net, got {images.shape[2]} x {images.shape[3]}")
        return torch.stack([torch.rot90(images, turns, (2, 3)) for turns in range(ROTATIONS)], 1).flatten(0, 1)


class CyclicRoll(nn.Module):
    """(4 n, c, s, s) to (4 n, 4 c, s, s): each path gets the maps of all four, turned to its own direction."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps of path k followed by those of paths k + 1, k + 2 and k + 3, turned back by as many quarter turns."""
        paths = maps.reshape(-1, ROTATIONS, *maps.shape[1:])
        turned = [torch.rot90(paths.roll(-turns, 1), -turns, (3, 4)) for turns in range(ROTATIONS)]
        return torch.cat(turned, 2).flatten(0, 1)


class CyclicPool(nn.Module):
    """(4 n, c) to (n, c): the root mean square, or the mean, over the four paths of an image; their order no longer matters."""

    def __init__(self, kind: Literal["rms", "mean"]):
        super().__init__()
        self.kind = kind

    def forward(self, values: Tensor) -> Tensor:
        """Return one row an image."""
        paths = values.reshape(-1, ROTATIONS, values.shape[1])
        return rms(paths, (1,)) if self.kind == "rms" else paths.mean(1)


class RmsPool(nn.Module):
    """(n, c, h, w) to (n, c): the root mean square over all places."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return one row an image."""
        return rms(maps, (2, 3))


class Maxout(nn.Module):
    """(n, pieces * c) to (n, c): the greatest of each `pieces` neighbours (Goodfellow et al. 2013)."""

    def __init__(self, pieces: int):
        super().__init__()
        self.pieces = pieces

    def forward(self, values: Tensor) -> Tensor:
        """Return the greatest of each set."""
        return values.reshape(len(values), -1, self.pieces).amax(2)


def rms(values: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Return the root mean square over some dimensions, at least 1e-6.

    >>> float(rms(torch.tensor([[3.0, 4.0]]), (1,)) ** 2)
    12.5
    """
    return values.square().mean(dims).clamp_min(LEAST_SQUARE).sqrt()


def build_cyclic(
    *,
    outputs: int,
    channels: int,
    size: int,
    features: int = 0,
    width: int = 32,
    depths: Sequence[int] = (2, 2, 3, 3),
    hidden: int = 512,
    pieces: int = 2,
    grid: int = 0,
    pool: Literal["rms", "mean"] = "rms",
    slope: float = 1 / 3,
    norm: str = "batch",
    dropout: float = 0.5,
    first_dropout: float = 0.0,
) -> Classifier:
    """Return stages of 3x3 convolutions under a cyclic slice, rolled after each, then a maxout layer, the cyclic pool and a head.

    width: maps of the first stage; each further stage has twice as many, and the last convolution of a stage half of them, since the roll
    makes four of one. depths: convolutions of each stage, which ends in 2x2 pooling.
    hidden: units after maxout (0: no such layer), each the greatest of `pieces` (1: leaky ReLU instead).
    grid: places a side kept before it (0: the root mean square over all; the winners kept all, 6 at 96 px). pool: of the four rotations.
    slope: of the leaky ReLU. norm: batch or none. dropout: before the head and the maxout layer; it grows from `first_dropout` after the
    first stage, layer by layer; 0 keeps it out of the stages.
    Raises RecipeInvalid for more stages than `size` can be halved, or an unknown norm or pool.
    """
    _check(size, depths, norm, pool)
    drops = growing_dropout(first_dropout, dropout, len(depths) + 1)
    body = nn.Sequential()
    body.add_module("slice", CyclicSlice())
    before, after = channels, width
    for index, depth in enumerate(depths):
        after = width * 2**index
        body.add_module(f"stage{index + 1}", nn.Sequential(*_stage(before, after, depth, norm, slope, drops[index])))
        before = ROTATIONS * (after // 2)
    body.add_module("gather", RmsPool() if grid == 0 else nn.Sequential(nn.AdaptiveAvgPool2d(grid), nn.Flatten()))
    found = before * max(1, grid) ** 2
    if hidden:
        body.add_module("dense", nn.Sequential(nn.Dropout(dropout), nn.Linear(found, hidden * pieces), _activation(pieces, slope)))
    body.add_module("pool", CyclicPool(pool))
    _begin(body, slope)
    return Classifier(body, hidden or found, outputs, features, dropout)


def _check(size: int, depths: Sequence[int], norm: str, pool: str) -> None:
    if norm not in {"batch", "none"} or pool not in {"rms", "mean"}:
        raise RecipeInvalid(f"expected norm batch or none and pool rms or mean, got {norm!r} and {pool!r}")
    if not depths or min(depths) < 1 or (size and size < 2 ** len(depths)):
        raise RecipeInvalid(f"expected depths of stages that halve {size} px once each, got {list(depths)}")


def _stage(before: int, after: int, depth: int, norm: str, slope: float, dropout: float) -> Iterable[nn.Module]:
    widths = [before] + [after] * (depth - 1) + [after // 2]
    for index in range(depth):
        yield nn.Conv2d(widths[index], widths[index + 1], 3, padding=1, bias=norm == "none")
        if norm == "batch":
            yield nn.BatchNorm2d(widths[index + 1])
        yield nn.LeakyReLU(slope)
    yield nn.MaxPool2d(2)
    if dropout:
        yield nn.Dropout2d(dropout)
    yield CyclicRoll()


def _activation(pieces: int, slope: float) -> nn.Module:
    return Maxout(pieces) if pieces > 1 else nn.LeakyReLU(slope)


def _begin(body: nn.Module, slope: float) -> None:
    """Draw the convolutions so that values neither grow nor fade through leaky units (He et al. 2015)."""
    for module in body.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, a=slope, nonlinearity="leaky_relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
