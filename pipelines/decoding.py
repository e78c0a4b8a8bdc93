"""One image from its bytes (or an array) to the form that the store keeps: channels, height, width."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from pipelines.errors import ImageCorrupt, PipelineError
from pipelines.packages import load
from pipelines.recipe import Data

Pixels = npt.NDArray[Any]
"""uint8 or uint16: (height, width, channels) while in work, (channels, height, width) when done."""

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
NPY_MAGIC = b"\x93NUMPY"
MOST_VALUES = 1 << 30
"""Of a TIFF: a damaged one may claim more than any memory holds."""
PILLOWS = (5, 6, 7, 32773)
"""LZW, JPEG, PackBits: tifffile unpacks them by way of another package."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
FOUR = ("RGBA", "CMYK", "RGBX")
DEEP = ("I", "I;16", "I;16B", "I;16L", "F")
# A JPEG decoder can halve an image on its way at no cost; the last step, from half as large again or more, is a good filter's.
DRAFT_GAP = 1.5


def decode(encoded: bytes, form: Data) -> Pixels:
    """Return an encoded image in the form asked for: (channels, height, width), uint8 or uint16.

    encoded: whatever Pillow reads, TIFF with any number of channels, or .npy of (height, width[, channels]).

    Raises ImageCorrupt: cannot be decoded, or has other channels or another depth than the recipe says.
    """
    try:
        if encoded[:4] in TIFF_MAGIC:
            return _from_pixels(read_tiff(encoded), form)
        if encoded.startswith(NPY_MAGIC):
            return _from_pixels(np.load(io.BytesIO(encoded), allow_pickle=False), form)
        with Image.open(io.BytesIO(encoded)) as image:
            return _from_pillow(image, form)
    except PipelineError:
        raise
    except Exception as error:  # on damaged bytes Pillow and tifffile raise anything, assertions included
        raise ImageCorrupt(f"an image that can be decoded, got: {error or type(error).__name__}") from error


def _from_pillow(image: Image.Image, form: Data) -> Pixels:
    if image.mode in DEEP:
        return fit(_narrow(np.asarray(image)), form)
    _require_depth("uint8", form)
    mode = MODES.get(form.channels)
    if mode is None or (form.channels == 4 and image.mode not in FOUR):
        raise ImageCorrupt(f"{form.channels} channels, got {image.mode}: set data.channels")
    if form.size:
        wide, high = _target(image.width, image.height, form)
        image.draft(mode, (int(wide * DRAFT_GAP), int(high * DRAFT_GAP)))
    whole: Image.Image = ImageOps.exif_transpose(image) if "exif" in image.info else image
    converted = whole if whole.mode == mode or form.channels == 4 else whole.convert(mode)
    if not form.size:
        return _channels_first(np.asarray(converted))
    small = converted.resize(_target(converted.width, converted.height, form), Image.Resampling.BILINEAR)
    return _channels_first(_square(np.asarray(small), form))


def _narrow(pixels: Pixels) -> Pixels:
    """Return whole numbers that 16 bits hold as such: Pillow gives some 16-bit files as 32 bits."""
    fits = pixels.dtype.kind in "iu" and pixels.min() >= 0 and pixels.max() <= np.iinfo(np.uint16).max
    return pixels.astype(np.uint16) if fits else pixels


def _from_pixels(grid: Pixels, form: Data) -> Pixels:
    """Fit (height, width, channels); of 8 bits, grey becomes colour and colour grey, as with any other picture."""
    if grid.dtype == np.uint8 and grid.ndim == 3 and (grid.shape[2], form.channels) in {(1, 3), (3, 1)}:
        return _from_pillow(Image.fromarray(grid.squeeze(2) if form.channels == 3 else grid), form)
    return fit(grid, form)


def read_tiff(encoded: bytes) -> Pixels:
    """Return a TIFF's first series, (height, width, channels); what tifffile leaves to other packages to unpack, Pillow does at 8 bits.

    Raises ImageCorrupt, PackageMissing.
    """
    tifffile = load("tifffile", "read TIFF images")
    try:
        with tifffile.TiffFile(io.BytesIO(encoded)) as file:
            series = file.series[0]
            if math.prod(series.shape) > MOST_VALUES:
                raise ImageCorrupt(f"a picture of at most {MOST_VALUES} values, got one that claims shape {series.shape}")
            if series.keyframe.compression in PILLOWS and series.dtype == np.uint8:
                with Image.open(io.BytesIO(encoded)) as image:
                    pixels = np.asarray(image if image.mode in {"L", *FOUR, "RGB"} else image.convert("RGB"))
                return pixels[:, :, None] if pixels.ndim == 2 else pixels
            return _channels_last(series.asarray(), series.axes)
    except tifffile.TiffFileError as error:
        raise ImageCorrupt(f"a TIFF file, got: {error}") from error


def _channels_last(pixels: Pixels, axes: str) -> Pixels:
    """Return (height, width, channels), whether channels were stored as planes or side by side."""
    if "Y" not in axes or "X" not in axes or not 2 <= pixels.ndim <= 3:
        raise ImageCorrupt(f"a picture with at most one axis of channels, got axes {axes} of shape {pixels.shape}")
    order = [axes.index("Y"), axes.index("X"), *(place for place, axis in enumerate(axes) if axis not in "YX")]
    grid = pixels.transpose(order)
    return grid[:, :, None] if grid.ndim == 2 else grid


def fit(pixels: Pixels, form: Data) -> Pixels:
    """Return an array (height, width[, channels]) in the form asked for; raise ImageCorrupt for other channels or another depth."""
    grid = pixels[:, :, None] if pixels.ndim == 2 else pixels
    _require_depth(str(grid.dtype), form)
    if grid.ndim != 3 or grid.shape[2] != form.channels:
        raise ImageCorrupt(f"{form.channels} channels, got shape {pixels.shape}: set data.channels")
    if not form.size or grid.shape[:2] == (form.size, form.size):
        return _channels_first(grid)
    wide, high = _target(grid.shape[1], grid.shape[0], form)
    return _channels_first(_square(_resize(grid, wide, high), form))


def _require_depth(depth: str, form: Data) -> None:
    if depth != form.depth:
        raise ImageCorrupt(f"{form.depth} values, got {depth}: set data.depth, values are never rescaled")


def _target(wide: int, high: int, form: Data) -> tuple[int, int]:
    """Return width and height before padding or cropping."""
    if form.aspect == "stretch":
        return form.size, form.size
    side = max(wide, high) if form.aspect == "pad" else min(wide, high)
    return max(1, round(wide * form.size / side)), max(1, round(high * form.size / side))


def _resize(grid: Pixels, wide: int, high: int) -> Pixels:
    """Resize each channel for itself, as for any number of them; 16 bits go by way of float32, which holds them exactly."""
    if grid.dtype == np.uint8:
        planes = [np.asarray(Image.fromarray(plane).resize((wide, high), Image.Resampling.BILINEAR)) for plane in _planes(grid)]
    else:
        floats = [Image.fromarray(plane.astype(np.float32)) for plane in _planes(grid)]
        planes = [np.rint(np.asarray(image.resize((wide, high), Image.Resampling.BILINEAR))) for image in floats]
    return np.stack(planes, axis=2).astype(grid.dtype)


def _planes(grid: Pixels) -> list[Pixels]:
    return [np.ascontiguousarray(grid[:, :, channel]) for channel in range(grid.shape[2])]


def _square(pixels: Pixels, form: Data) -> Pixels:
    """Pad with the ground (the median of the image's edge, a channel), or cut out the middle."""
    grid = pixels[:, :, None] if pixels.ndim == 2 else pixels
    high, wide = grid.shape[:2]
    if (high, wide) == (form.size, form.size):
        return grid
    top, left = (form.size - high) // 2, (form.size - wide) // 2
    if form.aspect == "crop":
        return grid[-top : form.size - top, -left : form.size - left]
    square = np.empty((form.size, form.size, grid.shape[2]), grid.dtype)
    square[:] = _ground(grid)
    square[top : top + high, left : left + wide] = grid
    return square


def _ground(grid: Pixels) -> Pixels:
    edge = np.concatenate([grid[0], grid[-1], grid[:, 0], grid[:, -1]])
    middle = len(edge) // 2
    return np.asarray(np.partition(edge, middle, axis=0)[middle])


def _channels_first(pixels: Pixels) -> Pixels:
    grid = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return np.ascontiguousarray(grid.transpose(2, 0, 1))
