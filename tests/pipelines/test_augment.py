"""What a batch of images goes through before it is learnt from."""

import dataclasses

import numpy as np
import pytest
import torch

from pipelines.augment import CHUNK, augment
from pipelines.chances import Chances, DrawnTwice
from pipelines.changes import draw_changes
from pipelines.recipe import Augment
from pipelines.turns import turned
from tests.pipelines.augmenting import COLOURS, EVERYTHING, GEOMETRY, SIDE, SQUARE, drawn, make_images

ALONE = {
    "d4": True,
    "flip": True,
    "scale": (0.7, 1.4),
    "aspect": (0.7, 1.4),
    "rotation": 30.0,
    "offset": 0.2,
    "shear": 20.0,
    "distortion": 0.1,
    "crop": 0.4,
    "contrast": 0.5,
    "brightness": 0.3,
    "blur": 2.0,
    "channel_multiply": 0.3,
    "channel_add": 0.3,
    "hue": 40.0,
    "saturation": 0.8,
    "value": 0.4,
    "negative": 1.0,
    "erosion": 1.0,
    "dilation": 1.0,
}


@pytest.fixture
def images():
    return make_images()


def test_an_empty_recipe_changes_nothing(images):
    assert torch.equal(drawn(images, Augment()), images.float())


@pytest.mark.parametrize(("name", "amount"), ALONE.items())
def test_every_part_changes_images_by_itself_and_keeps_their_scale(images, name, amount):
    changed = drawn(images, Augment(**{name: amount}))

    assert changed.shape == images.shape
    assert changed.dtype == torch.float32
    assert not torch.equal(changed, images.float())
    assert 0 <= changed.min() <= changed.max() <= 255


def test_every_amount_of_a_recipe_is_tried_above():
    assert set(ALONE) == {field.name for field in dataclasses.fields(Augment)} - {"probability", "code"}


def test_d4_by_matrix_is_d4_by_moving_pixels(images):
    exact, resampled = drawn(images, Augment(d4=True)), drawn(images, Augment(d4=True, scale=(1.0, 1.0 + 1e-9)))

    assert (exact - resampled).abs().max() < 0.01


def test_d4_makes_each_of_eight_ways_and_mixes_no_pixel():
    image = torch.arange(9, dtype=torch.uint8).view(1, 1, 3, 3)
    ways = drawn(image.expand(200, 1, 3, 3), Augment(d4=True))
    expected = {
        tuple(np.rot90(flipped, turn).ravel()) for flipped in (image[0, 0].numpy(), image[0, 0].numpy()[:, ::-1]) for turn in range(4)
    }

    assert {tuple(way.ravel().tolist()) for way in ways} == expected


def test_an_oblong_image_keeps_its_shape_under_d4(images):
    oblong = images[:, :, :10]
    ways = drawn(oblong.repeat(5, 1, 1, 1), Augment(d4=True))

    assert ways.shape == (30, 3, 10, SIDE)
    assert all(
        any(torch.equal(way, turned(oblong[k % 6 : k % 6 + 1].float(), np.array([element]))[0]) for element in (0, 2, 4, 6))
        for k, way in enumerate(ways)
    )


def test_the_same_draw_gives_the_same_images_and_another_gives_others(images):
    assert torch.equal(drawn(images, EVERYTHING), drawn(images, EVERYTHING))
    assert not torch.equal(drawn(images, EVERYTHING), drawn(images, EVERYTHING, seed=2))


def test_a_torch_generator_serves_as_well(images):
    def by_torch():
        return augment(images, EVERYTHING, torch.Generator().manual_seed(3))

    assert torch.equal(by_torch(), by_torch())


def test_an_images_changes_do_not_depend_on_the_batchs_order_or_size(images):
    rows, order = np.array([40, 3, 17, 900, 5, 6]), np.array([4, 1, 3])
    whole = drawn(images, EVERYTHING, rows=rows)
    part = drawn(images[order], EVERYTHING, rows=rows[order])

    assert torch.allclose(whole[order], part, atol=1e-3)


@pytest.mark.parametrize("spec", [EVERYTHING, dataclasses.replace(EVERYTHING, hue=0, saturation=0), Augment(d4=True, blur=1), GEOMETRY])
def test_images_that_are_changed_a_few_at_a_time_are_the_same(images, monkeypatch, spec):
    together = drawn(images, spec)
    monkeypatch.setitem(CHUNK, "cpu", 1)

    assert torch.allclose(drawn(images, spec), together, atol=1e-3)


@pytest.mark.parametrize("spec", [Augment(), Augment(d4=True), COLOURS, EVERYTHING])
def test_the_images_that_came_stay_as_they_were(images, spec):
    floats = images.float() / 255
    before = floats.clone()
    drawn(floats, spec)

    assert torch.equal(floats, before)


@pytest.mark.parametrize("spec", [COLOURS, EVERYTHING])
def test_how_images_lie_in_memory_makes_no_difference(images, spec):
    lying = images.contiguous(memory_format=torch.channels_last)

    assert torch.allclose(drawn(lying, spec), drawn(images, spec), atol=1e-3)


def test_no_images_are_no_images(images):
    assert drawn(images[:0], EVERYTHING).shape == (0, 3, SIDE, SIDE)


def test_a_batch_advances_the_generator_by_one_draw(images):
    generator, other = np.random.default_rng(1), np.random.default_rng(1)
    augment(images, EVERYTHING, generator)
    other.integers(2**63)

    assert generator.integers(2**63) == other.integers(2**63)


def test_no_purpose_draws_twice():
    chances = Chances(1, np.arange(6))
    draw_changes(EVERYTHING, chances, torch.empty(6, 3, *SQUARE), SQUARE)

    with pytest.raises(DrawnTwice, match="'rotation' drew before"):
        chances.of("rotation")


def test_out_size_shows_the_whole_image_smaller():
    halves = torch.tensor([[0, 0, 100, 100]] * 4, dtype=torch.uint8).repeat_interleave(4, 0).repeat_interleave(4, 1)[None, None]

    assert torch.allclose(drawn(halves, Augment(), out_size=2), torch.tensor([[[[0.0, 100], [0, 100]]]]), atol=1e-4)


def test_a_much_larger_image_is_averaged_and_not_picked_from():
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2 * 200

    assert torch.allclose(drawn(board.to(torch.uint8)[None, None], Augment(), out_size=8), torch.full((1, 1, 8, 8), 100.0))
