"""The colour part of an augmentation: everything that is linear in a pixel's channels, as one matrix an image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pipelines.chances import Chances, Floats, around
from pipelines.errors import RecipeInvalid
from pipelines.recipe import Augment
from pipelines.transfer import sent

# FCC (1953), NTSC: luma and two axes of colour, from red, green and blue; a turn in the plane of the axes changes the hue.
YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
HUES = ("hue", "saturation")


class Shade(NamedTuple):
    """A pixel x of an image with channel means m becomes mix @ x + (pull @ m + add), where white is 1."""

    mix: Tensor
    """(n, c, c); or (n, c, 1, 1), the diagonal, where no channel gets anything of another."""
    pull: Tensor | None
    """(n, c); None where nothing depends on the means."""
    add: Tensor
    """(n, c)."""

    def part(self, lines: slice) -> Shade:
        """Return the shade of some images."""
        return Shade(self.mix[lines], None if self.pull is None else self.pull[lines], self.add[lines])


def draw_shade(spec: Augment, chances: Chances, channels: int, device: torch.device) -> Shade | None:
    """Return what happens to each image's colours, or None where the spec asks for nothing.

    In this order: hue (degrees), saturation and value (factors 1 ± amount); channel multiply (1 ± amount) and add (± share of white),
    each channel by itself; contrast (1 ± amount, about the image's mean) and brightness (± share of white); negative.
    Raises RecipeInvalid when hue or saturation is asked for and there are not three channels.
    """
    if not any(getattr(spec, name) for name in (*HUES, *AMOUNTS, "negative")):
        return None
    if channels != 3 and (spec.hue or spec.saturation):
        raise RecipeInvalid(f"expected 3 channels for augment.hue and augment.saturation, got {channels}")
    mix = _tints(spec, chances, channels) * (1 + _amounts("value", spec, chances, 1))[:, :, None]
    mix = mix * (1 + _amounts("channel_multiply", spec, chances, channels))[:, :, None]
    add = _amounts("channel_add", spec, chances, channels)
    gain = 1 + _amounts("contrast", spec, chances, 1)
    # the mean grey that contrast leaves alone, as it is after the steps before
    pull = (1 - gain) * mix.mean(axis=1)
    add = gain * add + (1 - gain) * add.mean(axis=1, keepdims=True) + _amounts("brightness", spec, chances, 1)
    sign = np.where(chances.of("negative") < spec.negative, -1.0, 1.0)[:, None]
    mix, add = (sign * gain)[:, :, None] * mix, sign * add + (sign < 0)
    if not (spec.hue or spec.saturation):
        mix = mix.diagonal(axis1=1, axis2=2)[:, :, None, None]
    return Shade(sent(mix, device), sent(sign * pull, device) if spec.contrast else None, sent(add, device))


def shaded(images: Tensor, shade: Shade, white: float, out: Tensor | None = None) -> Tensor:
    """Return the images (n, c, h, w) with their colours changed, held between 0 and white; written into `out` where given."""
    result = images.new_empty(images.shape) if out is None else out
    add = shade.add * white
    if shade.pull is not None:
        add += (shade.pull * images.mean((2, 3))).sum(1, keepdim=True)
    if shade.mix.ndim == 4:
        torch.mul(images, shade.mix, out=result).add_(add[:, :, None, None])
    else:
        torch.baddbmm(add[:, :, None], shade.mix, images.flatten(2), out=result.flatten(2))
    return result.clamp_(0, white)


def _tints(spec: Augment, chances: Chances, channels: int) -> Floats:
    """Return the matrices (n, c, c) of hue and saturation."""
    count = len(chances.rows)
    if not (spec.hue or spec.saturation):
        return np.broadcast_to(np.eye(channels), (count, channels, channels))
    angles = np.radians(_amounts("hue", spec, chances, 1)[:, 0])
    strength = 1 + _amounts("saturation", spec, chances, 1)[:, 0]
    turns = np.zeros((count, 3, 3))
    turns[:, 0, 0] = 1
    turns[:, 1, 1] = turns[:, 2, 2] = strength * np.cos(angles)
    turns[:, 1, 2], turns[:, 2, 1] = -strength * np.sin(angles), strength * np.sin(angles)
    tints: Floats = np.linalg.inv(YIQ) @ turns @ YIQ
    return tints


def _amounts(name: str, spec: Augment, chances: Chances, count: int) -> Floats:
    """Return numbers (n, count) within ± the spec's amount; 0 for the images that this part leaves alone."""
    amount = getattr(spec, name)
    if not amount:
        return np.zeros((len(chances.rows), count))
    drawn = around(chances.table(name, count), amount)
    if spec.probability < 1:
        drawn[chances.of(f"{name}?") >= spec.probability] = 0
    return drawn


AMOUNTS = ("value", "channel_multiply", "channel_add", "contrast", "brightness")
