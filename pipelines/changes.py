"""What is to happen to each image of a batch: drawn once, on the CPU whatever the device."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor

from pipelines.affine import Frame, composed, drawn_parts, normalised, symmetries
from pipelines.chances import Chances, Floats, Ints, around
from pipelines.colour import Shade, draw_shade
from pipelines.morphology import Flags, draw_blur
from pipelines.recipe import Augment
from pipelines.transfer import sent
from pipelines.warp import CONTROLS


@dataclass(frozen=True)
class Changes:
    """A line for each image; None for what the spec does not ask for. Tensors lie where the images lie."""

    elements: Ints
    """D4, (n,), see turns.turned."""
    matrices: Tensor | None
    """(n, 2, 3) from -1 to 1, with D4 in it; None where nothing but D4 is asked for."""
    bends: Tensor | None
    """(n, 2, CONTROLS, CONTROLS), see warp."""
    deviations: Floats | None
    """Of the blur, (n,) in pixels."""
    eroded: Flags | None
    dilated: Flags | None
    shade: Shade | None

    @property
    def more_than_turns(self) -> bool:
        """Whether anything but D4 is asked for."""
        return any(getattr(self, field.name) is not None for field in fields(self) if field.name != "elements")

    def part(self, start: int, stop: int) -> Changes:
        """Return the changes of some images."""
        return Changes(**{field.name: _part(getattr(self, field.name), slice(start, stop)) for field in fields(self)})


def draw_changes(spec: Augment, chances: Chances, images: Tensor, out: Frame) -> Changes:
    """Return what the spec and the chances make of these images (n, c, h, w), of which only shape and device count."""
    frame, device = Frame(*images.shape[-2:]), images.device
    elements = symmetries(spec, chances, frame)
    parts = drawn_parts(spec, chances, frame)
    bends = _draw_bends(spec, chances) if spec.distortion else None
    resampled = parts or bends is not None or out != frame
    return Changes(
        elements=elements,
        matrices=sent(normalised(composed(parts, elements), frame)[:, :2], device) if resampled else None,
        bends=None if bends is None else sent(bends, device),
        deviations=draw_blur(spec, chances) if spec.blur else None,
        eroded=chances.of("erosion") < spec.erosion if spec.erosion else None,
        dilated=chances.of("dilation") < spec.dilation if spec.dilation else None,
        shade=draw_shade(spec, chances, images.shape[1], device),
    )


def _draw_bends(spec: Augment, chances: Chances) -> Floats:
    """Return displacements from -1 to 1: at most the spec's share of a side, which is 2 long."""
    drawn = around(chances.table("distortion", 2 * CONTROLS**2), 2 * spec.distortion)
    if spec.probability < 1:
        drawn[chances.of("distortion?") >= spec.probability] = 0
    return drawn.reshape(-1, 2, CONTROLS, CONTROLS)


def _part(values: Any, lines: slice) -> Any:
    if isinstance(values, Shade):
        return values.part(lines)
    return None if values is None else values[lines]
