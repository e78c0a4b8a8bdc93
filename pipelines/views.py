"""The ways to see an image at test time, by name."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipelines.affine import Frame
from pipelines.augment import changed
from pipelines.chances import Chances
from pipelines.changes import draw_changes
from pipelines.draws import generator
from pipelines.errors import ViewInvalid
from pipelines.recipe import Augment
from pipelines.turns import turned_all, turned_back
from pipelines.warp import warp

Change = Callable[[Tensor], Tensor]

CROP = 7 / 8
"""The side of a corner or centre crop, as a share of the image's, where the image is not larger than the net's input: 224 of 256."""
SCALES = (0.85, 1.15)
"""Shown sides: nearer, and farther with mirrored edges."""
ASPECTS = ((1.0, 0.8), (0.8, 1.0))
"""Shown width and height; both are stretched to the square."""


@dataclass(frozen=True)
class View:
    """One way to see images: float32 (n, c, size, size), from images (n, c, h, w) of any kind, on the scale they came on."""

    name: str
    see: Change
    back: Change | None = None
    """What undoes it exactly, for maps (…, size, size) that a net makes of the view; None where something is lost."""


# Views that move pixels


def _symmetry(element: int, size: int, _: Augment | None) -> tuple[View, ...]:
    see = functools.partial(_turned, element=element, size=size)
    return (View(SYMMETRIES[element], see, functools.partial(turned_back, element=element)),)


def _turned(images: Tensor, element: int, size: int) -> Tensor:
    if element % 2 and images.shape[-1] != images.shape[-2] and not size:
        raise ViewInvalid(f"expected square images for {SYMMETRIES[element]}, got {images.shape[-2]} x {images.shape[-1]}")
    if (size or images.shape[-1], size or images.shape[-2]) == images.shape[:-3:-1]:
        # put in memory's order as bytes: the net would do it for floats, which takes longer
        return turned_all(images, element).contiguous().to(torch.float32)
    return turned_all(_window(images, (0.5, 0.5), (1.0, 1.0), size), element)


# Views of a window


def _crops(places: dict[str, tuple[float, float]], size: int, _: Augment | None) -> tuple[View, ...]:
    return tuple(View(name, functools.partial(_cropped, place=place, size=size)) for name, place in places.items())


def _cropped(images: Tensor, place: tuple[float, float], size: int) -> Tensor:
    """Return the crop at a place: as large as the net's input where the image is larger, else CROP of it, enlarged."""
    height, width = images.shape[-2:]
    larger = 0 < size < min(height, width)
    return _window(images, place, (size / width, size / height) if larger else (CROP, CROP), size)


def _windows(shown: Sequence[tuple[float, float]], kind: str, size: int, _: Augment | None) -> tuple[View, ...]:
    return tuple(
        View(f"{kind}_{width:g}x{height:g}", functools.partial(_window, place=(0.5, 0.5), shown=(width, height), size=size))
        for width, height in shown
    )


def _window(images: Tensor, place: tuple[float, float], shown: tuple[float, float], size: int) -> Tensor:
    """Return a window, resampled to the size.

    place: where along the width and the height, 0 for the left or top edge, 1 for the right or bottom.
    shown: its width and height as shares of the image's.
    """
    height, width = images.shape[-2:]
    out = Frame(size, size) if size else Frame(height, width)
    floats = images.to(torch.float32)
    sides = round(shown[1] * height), round(shown[0] * width)
    if sides == out:
        top, left = (round(at * (side - kept)) for at, side, kept in zip(place[::-1], (height, width), sides, strict=True))
        return floats[..., top : top + sides[0], left : left + sides[1]]
    (x, y), (wide, high) = place, shown
    matrix = floats.new_tensor([[wide, 0, (2 * x - 1) * (1 - wide)], [0, high, (2 * y - 1) * (1 - high)]])
    return warp(floats, matrix.expand(len(images), 2, 3), out)


# Views drawn once for all


def halved(spec: Augment) -> Augment:
    """Return the augmentation at half its amplitude; D4 stays whole, and a member's own code is left out."""
    changes: dict[str, Any] = {name: getattr(spec, name) / 2 for name in AMOUNTS}
    changes |= {name: tuple(bound**0.5 for bound in getattr(spec, name)) for name in ("scale", "aspect")}
    changes["crop"] = (1 + spec.crop) / 2 if spec.crop else 0.0
    return dataclasses.replace(spec, **changes, code="")


def random_views(count: int, size: int, spec: Augment | None) -> tuple[View, ...]:
    """Return so many draws of the augmentation at half its amplitude; more of them begin with the same ones."""
    if spec is None or halved(spec) == Augment():
        raise ViewInvalid("expected an augmentation to draw random views from, got none")
    return tuple(View(f"random_{k}", functools.partial(_drawn, spec=halved(spec), number=k, size=size)) for k in range(count))


def _drawn(images: Tensor, spec: Augment, number: int, size: int) -> Tensor:
    """Return the images after one draw of the augmentation: the same for all images, in every run."""
    out = Frame(size, size) if size else Frame(*images.shape[-2:])
    chances = Chances(number, np.zeros(len(images), np.int64))
    return changed(images, draw_changes(spec, chances, images, out), out)


SYMMETRIES = ("plain", "rotate90", "rotate180", "rotate270", "flip", "flip_rotate90", "flip_rotate180", "flip_rotate270")
CORNERS = {"top_left": (0.0, 0.0), "top_right": (1.0, 0.0), "bottom_left": (0.0, 1.0), "bottom_right": (1.0, 1.0)}
RANDOM_CROPS = {f"crop_{k}": (float(x), float(y)) for k, (x, y) in enumerate(generator(0, "random crops").random((4, 2)))}
"""Places that are the same in every run."""
AMOUNTS: tuple[str, ...] = ("rotation", "offset", "shear", "distortion", "contrast", "brightness", "blur", "channel_multiply")
AMOUNTS += ("channel_add", "hue", "saturation", "value", "negative", "erosion", "dilation")


def _d4(size: int, spec: Augment | None) -> tuple[View, ...]:
    return tuple(view for element in range(8) for view in _symmetry(element, size, spec))


VIEWS: dict[str, Callable[[int, Augment | None], tuple[View, ...]]] = {
    **{name: functools.partial(_symmetry, element) for element, name in enumerate(SYMMETRIES)},
    "d4": _d4,
    "corners": functools.partial(_crops, CORNERS),
    "centre": functools.partial(_crops, {"centre": (0.5, 0.5)}),
    "random_crops": functools.partial(_crops, RANDOM_CROPS),
    "scales": functools.partial(_windows, [(side, side) for side in SCALES], "scale"),
    "aspects": functools.partial(_windows, ASPECTS, "aspect"),
    "random": functools.partial(random_views, 8),
}
"""Name -> (size, augmentation) -> views."""
