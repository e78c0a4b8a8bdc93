"""Colours, and what looks at a pixel's neighbours."""

import dataclasses

import numpy as np
import pytest
import torch

from pipelines.errors import RecipeInvalid
from pipelines.recipe import Augment
from tests.pipelines.augmenting import EVERYTHING, drawn, make_images


@pytest.fixture
def images():
    return make_images()


def test_four_channels_of_sixteen_bits_pass_through_all_but_hue():
    bands = torch.from_numpy(np.random.default_rng(0).integers(0, 65536, (4, 4, 16, 16), dtype=np.uint16))
    changed = drawn(bands, dataclasses.replace(EVERYTHING, hue=0, saturation=0))

    assert changed.shape == (4, 4, 16, 16)
    assert 10_000 < changed.max() <= 65535
    with pytest.raises(RecipeInvalid, match=r"expected 3 channels .* got 4"):
        drawn(bands, Augment(hue=10))


def test_hue_keeps_greys_and_luma_and_moves_colours():
    grey = torch.full((2, 3, 4, 4), 100, dtype=torch.uint8)
    red = torch.tensor([120, 80, 80], dtype=torch.uint8).view(1, 3, 1, 1).expand(2, 3, 4, 4)
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    turned_red = drawn(red, Augment(hue=60))

    assert torch.allclose(drawn(grey, Augment(hue=60, saturation=0.5)), grey.float(), atol=0.05)
    assert torch.allclose((turned_red * luma).sum(1), (red * luma).sum(1), atol=0.2)
    assert (turned_red - red).abs().max() > 3


def test_contrast_keeps_an_images_mean_and_changes_its_spread():
    image = torch.randint(100, 150, (20, 3, 16, 16), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    changed = drawn(image, Augment(contrast=0.5))
    spread = changed.std((1, 2, 3)) / image.float().std((1, 2, 3))

    assert torch.allclose(changed.mean((1, 2, 3)), image.float().mean((1, 2, 3)), atol=0.01)
    assert 0.5 < spread.min() < 0.7
    assert 1.3 < spread.max() < 1.5


def test_a_negative_is_the_rest_to_white(images):
    assert torch.equal(drawn(images, Augment(negative=1)), 255 - images.float())


def test_colours_in_one_matrix_are_the_colours_one_after_another(images):
    parts = ("value", "channel_multiply", "channel_add", "contrast", "brightness")
    pale = (images // 4 + 96).float() / 255
    spec = Augment(**dict.fromkeys(parts, 0.1))
    one_by_one = pale
    for name in parts:
        one_by_one = drawn(one_by_one, Augment(**{name: 0.1}))

    assert torch.allclose(drawn(pale, spec), one_by_one, atol=1e-5)


def test_blur_keeps_flat_images_and_spreads_a_point():
    flat, point = torch.full((3, 1, 20, 20), 77.0), torch.zeros(3, 1, 21, 21)
    point[..., 10, 10] = 1.0
    spread = drawn(point, Augment(blur=1.5))

    assert torch.allclose(drawn(flat / 255, Augment(blur=3)), flat / 255)
    assert torch.allclose(spread.sum((1, 2, 3)), torch.ones(3))
    assert torch.allclose(spread, spread.transpose(2, 3))
    assert spread.amax((1, 2, 3)).max() < 1


def test_erosion_thins_and_dilation_thickens():
    square = torch.zeros(1, 1, 9, 9)
    square[..., 3:6, 3:6] = 1.0

    assert (drawn(square, Augment(erosion=1)).sum(), drawn(square, Augment(dilation=1)).sum()) == (1, 25)
    assert torch.equal(drawn(square, Augment(erosion=1, dilation=1)), square)
