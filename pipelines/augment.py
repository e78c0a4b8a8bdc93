"""Random changes to a batch of images: one draw, one matrix an image, one resample, then colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipelines.affine import Frame, composed, drawn_parts, normalised, symmetries
from pipelines.chances import Chances, Floats, Ints, around, key_of
from pipelines.colour import Shade, draw_shade, shaded
from pipelines.errors import CodeInvalid
from pipelines.member_code import find_code
from pipelines.morphology import blurred, dilated, draw_blur, eroded
from pipelines.recipe import Augment
from pipelines.warp import CONTROLS, warp

WHITE = {torch.uint8: 255.0, torch.uint16: 65535.0}
"""The brightest value of a kind of image; of floats, 1."""


@dataclass(frozen=True)
class Changes:
    """What is to happen to each image of a batch, drawn on the CPU whatever the device."""

    elements: Ints
    """D4, (n,), see affine.symmetries."""
    matrices: Floats | None
    """(n, 2, 3) from -1 to 1, with D4 in it; None where nothing but D4 is asked for."""
    bends: Floats | None
    deviations: Floats | None
    eroded: Ints
    """Rows."""
    dilated: Ints
    """Rows."""
    shade: Shade | None


def augment(
    images: Tensor, spec: Augment, generator: np.random.Generator | torch.Generator, out_size: int = 0, rows: Ints | None = None
) -> Tensor:
    """Return the images changed at random, float32 (n, c, out_size, out_size), on the scale they came on (0-255 for uint8).

    images: (n, c, h, w), uint8, uint16 or float (0 to 1), on any device.
    generator: advanced by one draw. The same draw gives the same changes on every device.
    out_size: side in pixels; 0 keeps height and width.
    spec.code: "package.module:function", called last as function(images, chances): float32 images from 0 to 1, and Chances, which have
        numbers for each image; it returns the images, as many and as large.
    rows: (n,), what names each image (its row in the data): an image's changes follow from the draw and its row, so not from the
        batch's order, nor from the batch being halved. Without rows, from its place in the batch.
    Raises RecipeInvalid for hue or saturation of images without three channels, CodeInvalid for code that is not there or returns
    something else.
    """
    chances = Chances(key_of(generator), np.arange(len(images)) if rows is None else rows)
    frame = Frame(*images.shape[2:])
    out = Frame(out_size, out_size) if out_size else frame
    result = changed(images, draw_changes(spec, chances, frame, out, images.shape[1]), out)
    return _by_code(result, spec.code, chances, WHITE.get(images.dtype, 1.0)) if spec.code else result


def draw_changes(spec: Augment, chances: Chances, frame: Frame, out: Frame, channels: int) -> Changes:
    """Return what the spec and the chances make of images of this frame."""
    elements = symmetries(spec, chances, frame)
    parts = drawn_parts(spec, chances, frame)
    bends = _draw_bends(spec, chances) if spec.distortion else None
    resampled = parts or bends is not None or out != frame
    return Changes(
        elements=elements,
        matrices=normalised(composed(parts, elements), frame)[:, :2] if resampled else None,
        bends=bends,
        deviations=draw_blur(spec, chances) if spec.blur else None,
        eroded=np.flatnonzero(chances.of("erosion") < spec.erosion),
        dilated=np.flatnonzero(chances.of("dilation") < spec.dilation),
        shade=draw_shade(spec, chances, channels),
    )


def changed(images: Tensor, changes: Changes, out: Frame) -> Tensor:
    """Return the images (n, c, h, w) after their changes, float32 (n, c, out.height, out.width)."""
    white = WHITE.get(images.dtype, 1.0)
    floats = images.to(torch.float32)
    if changes.matrices is None:
        floats = turned(floats, changes.elements)
    else:
        bends = None if changes.bends is None else _moved(changes.bends, floats)
        floats = warp(floats, _moved(changes.matrices, floats), out, bends)
    if changes.deviations is not None:
        floats = blurred(floats, changes.deviations)
    floats = dilated(eroded(floats, changes.eroded), changes.dilated)
    return floats if changes.shade is None else shaded(floats, changes.shade, white)


def turned(images: Tensor, elements: Ints) -> Tensor:
    """Return each image (n, c, h, w) after its element of D4 (see affine.symmetries), exactly: pixels move, none is mixed."""
    if not elements.any():
        return images
    result = torch.empty_like(images)
    for element in np.unique(elements):
        index = torch.from_numpy(np.flatnonzero(elements == element)).to(images.device, non_blocking=True)
        result.index_copy_(0, index, turned_all(images.index_select(0, index), int(element)))
    return result


def turned_all(images: Tensor, element: int) -> Tensor:
    """Return images (..., h, w), all after one element of D4: a flip left to right from 4 on, then quarter turns."""
    flipped = images.flip(-1) if element >= 4 else images
    return torch.rot90(flipped, element % 4, (-2, -1))


def _draw_bends(spec: Augment, chances: Chances) -> Floats:
    """Return displacements (n, 2, CONTROLS, CONTROLS) from -1 to 1: at most the spec's share of a side, which is 2 long."""
    drawn = around(chances.table("distortion", 2 * CONTROLS**2), 2 * spec.distortion)
    if spec.probability < 1:
        drawn[chances.of("distortion?") >= spec.probability] = 0
    return drawn.reshape(-1, 2, CONTROLS, CONTROLS)


def _moved(values: Floats, like: Tensor) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(like.device, non_blocking=True)


def _by_code(images: Tensor, code: str, chances: Chances, white: float) -> Tensor:
    result = find_code(code)(images / white, chances.branch(code))
    if not isinstance(result, Tensor) or (result.shape, result.dtype) != (images.shape, images.dtype):
        came = f"{result.dtype} {tuple(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
        raise CodeInvalid(f"expected images {images.dtype} {tuple(images.shape)} from {code}, got {came}")
    return result * white
