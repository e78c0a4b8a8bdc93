"""The geometric part of an augmentation: matrices that are multiplied, and one resample at the end.

A matrix takes a place in the outgoing image to the place in the incoming image that is shown there: (x, y, 1) in pixels from the
centre, x to the right and y down. The image goes through the parts in the order of PARTS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipelines.chances import Chances, Floats, Ints, around, between, ratio_between
from pipelines.recipe import Augment

# torchvision's RandomResizedCrop, after Szegedy et al. (2014), Going deeper with convolutions.
CROP_SIDES = (3 / 4, 4 / 3)


class Frame(NamedTuple):
    """The sides of an image, in pixels."""

    height: int
    width: int


def identities(count: int) -> Floats:
    """Return matrices that change nothing, (count, 3, 3)."""
    return np.broadcast_to(np.eye(3), (count, 3, 3)).copy()


def symmetries(spec: Augment, chances: Chances, frame: Frame) -> Ints:
    """Return each image's element of D4, (n,): 0-3 quarter turns, 4-7 the same after a flip left to right.

    An oblong image keeps its shape: it gets only the half turn and the flips.
    """
    if not (spec.d4 or spec.flip):
        return np.zeros(len(chances.rows), np.int64)
    choices = [0, 4] if not spec.d4 else list(range(8)) if frame.height == frame.width else [0, 2, 4, 6]
    return np.array(choices)[(chances.of("symmetry") * len(choices)).astype(np.int64)]


def symmetry_matrices(elements: Ints) -> Floats:
    """Return the matrices (n, 3, 3) of D4's elements, as `symmetries` numbers them."""
    back = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turns = np.stack([np.linalg.matrix_power(back, k) for k in range(4)])
    return np.concatenate([turns, np.diag([-1.0, 1, 1]) @ turns])[elements]


def crops(spec: Augment, chances: Chances, frame: Frame) -> Floats:
    """Return windows of a random share of the area, of random sides, at a random place within the image."""
    numbers = chances.table("crop", 4)
    area, sides = between(numbers[:, 0], spec.crop, 1.0), ratio_between(numbers[:, 1], *CROP_SIDES)
    matrices = identities(len(numbers))
    for axis, (side, share) in enumerate(((frame.width, area * sides), (frame.height, area / sides))):
        shown = np.minimum(np.sqrt(share), 1.0)
        matrices[:, axis, axis] = shown
        matrices[:, axis, 2] = around(numbers[:, 2 + axis], 0.5) * (1 - shown) * side
    return matrices


def scales(spec: Augment, chances: Chances, _: Frame) -> Floats:
    """Return zooms: above 1 the image's content grows."""
    factors = ratio_between(chances.of("scale"), *spec.scale)
    return _diagonals(1 / factors, 1 / factors)


def aspects(spec: Augment, chances: Chances, _: Frame) -> Floats:
    """Return stretches of the width against the height, the area kept: above 1 the content grows wider."""
    roots = np.sqrt(ratio_between(chances.of("aspect"), *spec.aspect))
    return _diagonals(1 / roots, roots)


def shears(spec: Augment, chances: Chances, _: Frame) -> Floats:
    """Return slants of the upright lines, by an angle within ± the spec's."""
    matrices = identities(len(chances.rows))
    matrices[:, 0, 1] = np.tan(np.radians(around(chances.of("shear"), spec.shear)))
    return matrices


def rotations(spec: Augment, chances: Chances, _: Frame) -> Floats:
    """Return turns about the centre, by an angle within ± the spec's."""
    angles = np.radians(around(chances.of("rotation"), spec.rotation))
    matrices = _diagonals(np.cos(angles), np.cos(angles))
    matrices[:, 0, 1], matrices[:, 1, 0] = -np.sin(angles), np.sin(angles)
    return matrices


def offsets(spec: Augment, chances: Chances, frame: Frame) -> Floats:
    """Return moves along both sides, each by a share of that side within ± the spec's."""
    matrices = identities(len(chances.rows))
    matrices[:, :2, 2] = around(chances.table("offset", 2), spec.offset) * (frame.width, frame.height)
    return matrices


def drawn_parts(spec: Augment, chances: Chances, frame: Frame) -> dict[str, Floats]:
    """Return the matrices (n, 3, 3) of each part that the spec asks for, in the order of PARTS.

    With a probability below 1, each part leaves its share of the images alone, each part by a draw of its own.
    """
    parts = {}
    for name, part in PARTS.items():
        if getattr(spec, name) == getattr(NEUTRAL, name):
            continue
        parts[name] = part(spec, chances, frame)
        if spec.probability < 1:
            parts[name][chances.of(f"{name}?") >= spec.probability] = np.eye(3)
    return parts


def composed(parts: dict[str, Floats], elements: Ints) -> Floats:
    """Return the one matrix an image, (n, 3, 3), of its D4 element and then every part."""
    whole = symmetry_matrices(elements)
    for matrices in parts.values():
        whole = whole @ matrices
    return whole


def normalised(matrices: Floats, frame: Frame) -> Floats:
    """Return the matrices with places from -1 to 1 on both sides, as torch's grid_sample counts them.

    The same matrix serves every size of outgoing image: the whole is shown smaller or larger.
    """
    halves = np.array([frame.width / 2, frame.height / 2, 1.0])
    scaled: Floats = matrices * halves / halves[:, None]
    return scaled


def _diagonals(x: Floats, y: Floats) -> Floats:
    matrices = identities(len(x))
    matrices[:, 0, 0], matrices[:, 1, 1] = x, y
    return matrices


NEUTRAL = Augment()
PARTS: dict[str, Callable[[Augment, Chances, Frame], Floats]] = {
    "crop": crops,
    "scale": scales,
    "aspect": aspects,
    "shear": shears,
    "rotation": rotations,
    "offset": offsets,
}
