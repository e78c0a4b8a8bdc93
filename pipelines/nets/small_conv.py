"""A small convolutional net: at 96 px a member's own from scratch, at 8-32 px the net of tests and digits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from pipelines.errors import RecipeInvalid
from pipelines.nets.classifier import Classifier

NORMS = ("batch", "group", "none")
GROUPS_OF_NORM = 4


def build_small_conv(
    *,
    outputs: int,
    channels: int,
    size: int,
    features: int = 0,
    width: int = 32,
    stages: int = 4,
    depth: int = 2,
    hidden: int = 0,
    norm: str = "batch",
    dropout: float = 0.0,
    first_dropout: float = 0.0,
) -> Classifier:
    """Return stages of `depth` 3x3 convolutions, each stage twice as wide and half as large as the one before, then their mean and a head.

    hidden: units of a layer between the mean and the head (0: none). norm: batch, group (the same in training and prediction) or none.
    dropout: before the head; it grows from `first_dropout` after the first stage, layer by layer; 0 keeps it out of the stages.
    Raises RecipeInvalid for an unknown norm, or more stages than `size` pixels can be halved.
    """
    if norm not in NORMS:
        raise RecipeInvalid(f"expected norm to be one of {', '.join(NORMS)}, got {norm!r}")
    if size and size < 2 ** (stages - 1):
        raise RecipeInvalid(f"{stages} stages halve an image {stages - 1} times and need {2 ** (stages - 1)} px, got {size}")
    widths = [channels] + [width * 2**stage for stage in range(stages)]
    drops = growing_dropout(first_dropout, dropout, stages + 1)
    body = nn.Sequential()
    for index, (before, after) in enumerate(pairwise(widths)):
        body.add_module(f"stage{index + 1}", _stage(before, after, depth, norm, drops[index], halves=index > 0))
    body.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    if hidden:
        body.add_module("dense", nn.Sequential(nn.Linear(widths[-1], hidden), nn.ReLU()))
    return Classifier(body, hidden or widths[-1], outputs, features, drops[-1])


def growing_dropout(first: float, last: float, layers: int) -> list[float]:
    """Return a probability for each layer, in a line from `first` to `last`; only the last has one where `first` is 0.

    >>> growing_dropout(0.1, 0.5, 5)
    [0.1, 0.2, 0.3, 0.4, 0.5]
    >>> growing_dropout(0, 0.5, 3)
    [0.0, 0.0, 0.5]
    """
    if first == 0 or layers == 1:
        return [0.0] * (layers - 1) + [last]
    return [round(first + (last - first) * layer / (layers - 1), 6) for layer in range(layers)]


def _stage(before: int, after: int, depth: int, norm: str, dropout: float, halves: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.MaxPool2d(2)] if halves else []
    for index in range(depth):
        layers.append(nn.Conv2d(before if index == 0 else after, after, 3, padding=1, bias=norm == "none"))
        layers += [*_norm(norm, after), nn.ReLU()]
    return nn.Sequential(*layers, *([nn.Dropout2d(dropout)] if dropout else []))


def _norm(norm: str, width: int) -> Sequence[nn.Module]:
    if norm == "none":
        return []
    return [nn.BatchNorm2d(width) if norm == "batch" else nn.GroupNorm(GROUPS_OF_NORM, width)]
