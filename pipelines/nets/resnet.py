"""A residual net with the tweaks B, C and D of the bag of tricks, from a few thousand parameters to a ResNet-50-D.

Source: He et al. (2016), Deep Residual Learning; He et al. (2019), Bag of Tricks for Image Classification, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint
from pipelines.nets.classifier import Classifier

BOTTLENECK = 4
"""A bottleneck block gives this many times as many maps as its 3x3 convolution."""


@dataclass(frozen=True)
class Tweak:
    """What differs from the net of 2016."""

    late_stride: bool = False
    """B: a bottleneck halves in its 3x3 convolution, so that its first 1x1 convolution ignores nothing."""
    deep_stem: bool = False
    """C: three 3x3 convolutions instead of one of 7x7."""
    average_shortcut: bool = False
    """D: the shortcut halves by a mean, so that its 1x1 convolution ignores nothing."""


def build_resnet(
    *,
    outputs: int,
    channels: int,
    size: int,
    features: int = 0,
    depths: Sequence[int] = (2, 2, 2, 2),
    width: int = 64,
    bottleneck: bool = False,
    tweaks: str = "D",
    small_stem: bool = False,
    zero_gamma: bool = True,
    dropout: float = 0.0,
) -> Classifier:
    """Return a residual net; (3, 4, 6, 3) with bottleneck and tweaks B is the usual ResNet-50, with D ResNet-50-D.

    depths: blocks of each stage; width: maps of the first, doubled in each further. tweaks: A (none), B, C (with B) or D (with C).
    small_stem: for images below some 64 px: one 3x3 convolution that halves nothing, instead of the stem that makes a quarter of the side.
    zero_gamma: the last norm of each branch begins at 0, so that every block begins as its shortcut. dropout: before the head.
    Raises RecipeInvalid for unknown tweaks, or a size that the stages halve to nothing.
    """
    if tweaks not in TWEAKS:
        raise RecipeInvalid(f"expected tweaks to be one of {', '.join(TWEAKS)}, got {tweaks!r}{hint(tweaks, TWEAKS)}")
    least = 2 ** (len(depths) - 1) * (1 if small_stem else 4)
    if size and size < least:
        raise RecipeInvalid(f"expected images of at least {least} px for {len(depths)} stages, got {size}")
    tweak = TWEAKS[tweaks]
    body = nn.Sequential()
    body.add_module("stem", _small_stem(channels, width) if small_stem else _stem(channels, width, tweak))
    before = width
    for index, depth in enumerate(depths):
        middle = width * 2**index
        blocks = []
        for place in range(depth):
            blocks.append(Block(before, middle, 2 if index > 0 and place == 0 else 1, bottleneck, tweak))
            before = middle * (BOTTLENECK if bottleneck else 1)
        body.add_module(f"stage{index + 1}", nn.Sequential(*blocks))
    body.add_module("pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    _begin(body, zero_gamma)
    return Classifier(body, before, outputs, features, dropout)


class Block(nn.Module):
    """(n, before, h, w) to (n, after, h / stride, w / stride): a shortcut and a branch of two or three convolutions, added."""

    def __init__(self, before: int, middle: int, stride: int, bottleneck: bool, tweak: Tweak):
        super().__init__()
        after = middle * (BOTTLENECK if bottleneck else 1)
        self.branch = _bottleneck(before, middle, stride, tweak) if bottleneck else _basic(before, middle, stride)
        self.shortcut = _shortcut(before, after, stride, tweak)
        self.act = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        """Return the sum after its ReLU."""
        return cast(Tensor, self.act(self.branch(maps) + self.shortcut(maps)))


def _convolution(before: int, after: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(after)]


def _basic(before: int, middle: int, stride: int) -> nn.Sequential:
    return nn.Sequential(*_convolution(before, middle, 3, stride), nn.ReLU(), *_convolution(middle, middle, 3))


def _bottleneck(before: int, middle: int, stride: int, tweak: Tweak) -> nn.Sequential:
    first, second = (1, stride) if tweak.late_stride else (stride, 1)
    return nn.Sequential(
        *_convolution(before, middle, 1, first),
        nn.ReLU(),
        *_convolution(middle, middle, 3, second),
        nn.ReLU(),
        *_convolution(middle, middle * BOTTLENECK, 1),
    )


def _shortcut(before: int, after: int, stride: int, tweak: Tweak) -> nn.Module:
    if stride == 1 and before == after:
        return nn.Identity()
    if stride > 1 and tweak.average_shortcut:
        return nn.Sequential(nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False), *_convolution(before, after, 1))
    return nn.Sequential(*_convolution(before, after, 1, stride))


def _stem(channels: int, width: int, tweak: Tweak) -> nn.Sequential:
    if not tweak.deep_stem:
        return nn.Sequential(*_convolution(channels, width, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    half = max(1, width // 2)
    layers = [*_convolution(channels, half, 3, 2), nn.ReLU(), *_convolution(half, half, 3), nn.ReLU(), *_convolution(half, width, 3)]
    return nn.Sequential(*layers, nn.ReLU(), nn.MaxPool2d(3, 2, 1))


def _small_stem(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(*_convolution(channels, width, 3), nn.ReLU())


def _begin(body: nn.Module, zero_gamma: bool) -> None:
    for module in body.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, Block) and zero_gamma:
            nn.init.zeros_(cast(nn.BatchNorm2d, module.branch[-1]).weight)


TWEAKS: dict[str, Tweak] = {
    "A": Tweak(),
    "B": Tweak(late_stride=True),
    "C": Tweak(late_stride=True, deep_stem=True),
    "D": Tweak(late_stride=True, deep_stem=True, average_shortcut=True),
}
