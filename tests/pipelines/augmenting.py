"""Images, and augmentations of every kind, for tests."""

import dataclasses

import numpy as np
import torch

from pipelines.affine import Frame
from pipelines.augment import augment
from pipelines.recipe import Augment

SIDE = 24
SQUARE = Frame(SIDE, SIDE)
GEOMETRY = Augment(d4=True, scale=(0.8, 1.25), aspect=(0.9, 1.1), rotation=20, offset=0.1, shear=10, crop=0.6)
COLOURS = Augment(contrast=0.3, brightness=0.1, channel_multiply=0.2, channel_add=0.1, hue=30, saturation=0.3, value=0.2, negative=0.5)
EVERYTHING = dataclasses.replace(
    GEOMETRY,
    **{name: getattr(COLOURS, name) for name in ("contrast", "brightness", "channel_multiply", "channel_add", "hue", "saturation")},
    distortion=0.05,
    blur=1.5,
    negative=0.3,
    erosion=0.4,
    dilation=0.4,
    probability=0.7,
)


def make_images():
    """Return six random colour images."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 3, SIDE, SIDE), dtype=np.uint8))


def drawn(images, spec, seed=1, **options):
    """Return the images after an augmentation whose generator has this seed."""
    return augment(images, spec, np.random.default_rng(seed), **options)
