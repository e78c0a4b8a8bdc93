"""A net like AlexNet for images of about 256 px: a coarse first look, five convolutions and two wide layers."""

from __future__ import annotations

from torch import nn

from pipelines.errors import RecipeInvalid
from pipelines.nets.classifier import Classifier
from pipelines.nets.small_conv import growing_dropout

WIDTHS = (64, 192, 384, 256, 256)
LEAST_SIZE = 63
"""Below it the last pooling has no pixel left."""


def build_alexnet256(
    *,
    outputs: int,
    channels: int,
    size: int,
    features: int = 0,
    width: float = 1.0,
    hidden: int = 4096,
    grid: int = 6,
    batch_norm: bool = False,
    dropout: float = 0.5,
    first_dropout: float = 0.0,
) -> Classifier:
    """Return AlexNet's convolutions, the mean over a grid of places, and two layers before the head.

    width: share of the maps of the original. hidden: units of each wide layer. grid: places a side that they see.
    dropout: before the head; it grows from `first_dropout` over the wide layers (0: the same before all of them, as in the original).
    Raises RecipeInvalid for images of less than 63 px.
    Source: Krizhevsky (2014), One weird trick for parallelizing convolutional neural networks.
    """
    if size and size < LEAST_SIZE:
        raise RecipeInvalid(f"expected images of at least {LEAST_SIZE} px, got {size}")
    drops = growing_dropout(first_dropout or dropout, dropout, 3)
    first, second, third, fourth, fifth = (max(1, round(width * maps)) for maps in WIDTHS)
    body = nn.Sequential()
    body.add_module("stage1", nn.Sequential(*_layer(channels, first, 11, batch_norm, stride=4, padding=2), nn.MaxPool2d(3, 2)))
    body.add_module("stage2", nn.Sequential(*_layer(first, second, 5, batch_norm), nn.MaxPool2d(3, 2)))
    body.add_module("stage3", nn.Sequential(*_layer(second, third, 3, batch_norm)))
    body.add_module("stage4", nn.Sequential(*_layer(third, fourth, 3, batch_norm)))
    body.add_module("stage5", nn.Sequential(*_layer(fourth, fifth, 3, batch_norm), nn.MaxPool2d(3, 2)))
    body.add_module("gather", nn.Sequential(nn.AdaptiveAvgPool2d(grid), nn.Flatten()))
    body.add_module("dense1", nn.Sequential(nn.Dropout(drops[0]), nn.Linear(fifth * grid**2, hidden), nn.ReLU()))
    body.add_module("dense2", nn.Sequential(nn.Dropout(drops[1]), nn.Linear(hidden, hidden), nn.ReLU()))
    return Classifier(body, hidden, outputs, features, drops[2])


def _layer(before: int, after: int, kernel: int, batch_norm: bool, stride: int = 1, padding: int | None = None) -> list[nn.Module]:
    around = kernel // 2 if padding is None else padding
    norm = [nn.BatchNorm2d(after)] if batch_norm else []
    return [nn.Conv2d(before, after, kernel, stride, around, bias=not batch_norm), *norm, nn.ReLU()]
