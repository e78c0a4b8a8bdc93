"""Random changes to a batch of images: one draw, one matrix an image, one resample, then colours."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pipelines.affine import Frame
from pipelines.chances import Chances, Ints, key_of
from pipelines.changes import Changes, draw_changes
from pipelines.colour import shaded
from pipelines.errors import CodeInvalid
from pipelines.member_code import find_code
from pipelines.morphology import blurred, dilated, eroded
from pipelines.recipe import Augment
from pipelines.turns import turned
from pipelines.warp import warp

WHITE = {torch.uint8: 255.0, torch.uint16: 65535.0}
"""The brightest value of a kind of image; of floats, 1."""


CHUNK = {"cpu": 2**18}
"""Values of one image after another that are changed at a time and a thread, so that they stay in its cache; other devices take all."""


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
    out = Frame(out_size, out_size) if out_size else Frame(*images.shape[-2:])
    result = changed(images, draw_changes(spec, chances, images, out), out)
    return _by_code(result, spec.code, chances, WHITE.get(images.dtype, 1.0)) if spec.code else result


def changed(images: Tensor, changes: Changes, out: Frame) -> Tensor:
    """Return the images (n, c, h, w) after their changes, float32 (n, c, out.height, out.width)."""
    if changes.matrices is None:
        images = turned(images, changes.elements)
    if not changes.more_than_turns:
        return images.to(torch.float32)
    count, channels = images.shape[:2]
    threads, white = torch.get_num_threads(), WHITE.get(images.dtype, 1.0)
    most = CHUNK.get(images.device.type, images.numel()) * threads
    step = max(threads, most // (channels * max(images[0, 0].numel(), out.height * out.width))) if count else 1
    if step >= count:
        floats = _moved(images, changes, out)
        return floats if changes.shade is None else shaded(floats, changes.shade, white)
    result = images.new_empty((count, channels, *out), dtype=torch.float32)
    for start in range(0, count, step):
        lines, some = slice(start, start + step), changes.part(start, start + step)
        floats = _moved(images[lines], some, out)
        if some.shade is None:
            result[lines] = floats
        else:
            shaded(floats, some.shade, white, result[lines])
    return result


def _moved(images: Tensor, changes: Changes, out: Frame) -> Tensor:
    """Return the images after all but turns that changes where pixels are."""
    floats = images.to(torch.float32)
    if changes.matrices is not None:
        floats = warp(floats, changes.matrices, out, changes.bends)
    if changes.deviations is not None:
        floats = blurred(floats, changes.deviations)
    if changes.eroded is not None:
        floats = eroded(floats, changes.eroded)
    if changes.dilated is not None:
        floats = dilated(floats, changes.dilated)
    return floats


def _by_code(images: Tensor, code: str, chances: Chances, white: float) -> Tensor:
    result = find_code(code)(images / white, chances.branch(code))
    if not isinstance(result, Tensor) or (result.shape, result.dtype) != (images.shape, images.dtype):
        came = f"{result.dtype} {tuple(result.shape)}" if isinstance(result, Tensor) else type(result).__name__
        raise CodeInvalid(f"expected images {images.dtype} {tuple(images.shape)} from {code}, got {came}")
    return result * white
