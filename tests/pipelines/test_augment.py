"""What a batch of images goes through before it is learnt from."""

import dataclasses
import sys

import numpy as np
import pytest
import torch

from pipelines.affine import Frame, composed, drawn_parts, normalised, symmetries
from pipelines.augment import CHUNK, augment
from pipelines.chances import Chances, DrawnTwice
from pipelines.changes import draw_changes
from pipelines.errors import CodeInvalid, RecipeInvalid
from pipelines.member_code import code_digest
from pipelines.recipe import Augment
from pipelines.turns import turned
from pipelines.warp import warp

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
    """Six random colour images."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 3, SIDE, SIDE), dtype=np.uint8))


def drawn(images, spec, seed=1, **options):
    return augment(images, spec, np.random.default_rng(seed), **options)


def seen(change, frame=SQUARE, count=6, key=1):
    """What a spec's matrices make of the corners and centre of the outgoing image, in pixels from the centre of the incoming."""
    chances = Chances(key, np.arange(count))
    return drawn_parts(change, chances, frame), symmetries(change, chances, frame)


def smooth(side):
    """Slow waves that survive a resample."""
    places = (torch.arange(side) + 0.5) / side * 2 - 1
    return torch.stack([torch.sin(2 * places)[:, None] + torch.cos(3 * places), torch.cos(places)[:, None] * places])[None] + 2


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


def test_the_composed_matrix_is_the_parts_one_after_another():
    parts, elements = seen(GEOMETRY)
    places = np.array([[x, y, 1.0] for x in (-12, 0, 12) for y in (-12, 0, 12)]).T
    step_by_step = places
    for part in reversed(parts.values()):
        step_by_step = part @ step_by_step
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    for image, element in enumerate(elements):
        for _ in range(element % 4):
            step_by_step[image] = quarter @ step_by_step[image]
        step_by_step[image, 0] *= -1 if element >= 4 else 1

    assert len(parts) == 6
    assert np.allclose(composed(parts, elements) @ places, step_by_step, atol=1e-12)


def test_one_resample_shows_what_a_resample_a_part_shows():
    spec = Augment(scale=(0.9, 1.1), rotation=10, shear=5, aspect=(0.9, 1.1), offset=0.03)
    frame = Frame(96, 96)
    parts, elements = seen(spec, frame, count=1)
    at_once = warp(smooth(96), as_grid(composed(parts, elements), frame), frame)
    one_by_one = smooth(96)
    for part in parts.values():
        one_by_one = warp(one_by_one, as_grid(part, frame), frame)

    assert (at_once - one_by_one)[..., 24:72, 24:72].abs().max() < 5e-3
    assert (at_once - smooth(96)).abs().max() > 0.05


def as_grid(matrices, frame):
    return torch.from_numpy(normalised(matrices, frame)[:, :2].astype(np.float32))


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


def test_a_part_switched_on_changes_no_other_parts_draw():
    alone, _ = seen(Augment(rotation=20))
    together, _ = seen(GEOMETRY)

    assert np.array_equal(alone["rotation"], together["rotation"])


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


def test_no_two_purposes_or_images_share_their_numbers():
    chances = Chances(1, np.arange(100))
    numbers = np.concatenate([chances.table(purpose, 3).ravel() for purpose in "abcdef"])

    assert len(np.unique(numbers)) == 1800
    assert abs(numbers.mean() - 0.5) < 0.03
    assert 0 <= numbers.min() < 0.01
    assert 0.99 < numbers.max() < 1


def test_purposes_columns_and_rows_have_nothing_to_do_with_each_other():
    chances = Chances(3, np.arange(2000))
    columns = np.concatenate([chances.table("crop", 4), chances.table("offset", 2), chances.branch("crop").table("crop", 4)], axis=1)
    likeness = np.corrcoef(np.concatenate([columns[1:], columns[:-1]], axis=1).T)

    assert np.abs(likeness - np.eye(20)).max() < 0.1


def test_probability_is_of_each_part_for_each_image():
    parts, _ = seen(dataclasses.replace(GEOMETRY, probability=0.25), count=2000)
    moved = {name: (part != np.eye(3)).any(axis=(1, 2)) for name, part in parts.items()}

    assert all(abs(share.mean() - 0.25) < 0.04 for share in moved.values())
    assert abs((moved["scale"] & moved["rotation"]).mean() - 0.0625) < 0.025


def test_amounts_fill_their_range_and_keep_to_it():
    spec = Augment(scale=(0.5, 2.0), offset=0.1, rotation=30)
    parts, _ = seen(spec, count=2000)
    zoom, angle = 1 / parts["scale"][:, 0, 0], np.degrees(np.arctan2(parts["rotation"][:, 1, 0], parts["rotation"][:, 0, 0]))
    move = parts["offset"][:, :2, 2] / SIDE

    for found, bound in (
        (zoom.min(), 0.5),
        (zoom.max(), 2.0),
        (angle.min(), -30),
        (angle.max(), 30),
        (move.min(), -0.1),
        (move.max(), 0.1),
    ):
        assert found == pytest.approx(bound, rel=0.01)
    assert abs(np.log(zoom).mean()) < 0.05


def test_a_random_sized_crop_stays_within_the_image():
    frame = Frame(40, 60)
    parts, _ = seen(Augment(crop=0.3), frame, count=2000)
    corners = normalised(parts["crop"], frame) @ np.array([[-1.0, 1, -1, 1], [-1, -1, 1, 1], [1, 1, 1, 1]])
    area = np.linalg.det(parts["crop"])

    assert np.abs(corners[:, :2]).max() <= 1 + 1e-12
    assert 0.25 < area.min() < 0.32
    assert area.max() > 0.95


def test_a_zoom_with_an_offset_is_a_random_crop_of_one_size():
    parts, elements = seen(Augment(scale=(8 / 7, 8 / 7), offset=1 / 14), count=2000)
    shown = normalised(composed(parts, elements), SQUARE) @ np.array([[-1.0, 1], [-1, 1], [1, 1]])

    assert np.allclose(shown[:, :2, 1] - shown[:, :2, 0], 2 * 7 / 8)
    assert (shown[:, :2].min(), shown[:, :2].max()) == (pytest.approx(-1, abs=1e-3), pytest.approx(1, abs=1e-3))


def test_a_bend_is_smooth_and_no_longer_than_asked_for():
    ramp = torch.linspace(-1, 1, 65)[1::2].expand(20, 1, 32, 32).contiguous()
    still = torch.eye(2, 3).expand(20, 2, 3)
    changes = draw_changes(Augment(distortion=0.05), Chances(1, np.arange(20)), ramp, Frame(32, 32))
    moved = warp(ramp, still, Frame(32, 32), changes.bends)[..., 4:-4] - ramp[..., 4:-4]

    assert 0.02 < moved.abs().max() <= 0.1
    assert moved.diff(dim=-1).abs().max() < 0.03


def test_out_size_shows_the_whole_image_smaller():
    halves = torch.tensor([[0, 0, 100, 100]] * 4, dtype=torch.uint8).repeat_interleave(4, 0).repeat_interleave(4, 1)[None, None]

    assert torch.allclose(drawn(halves, Augment(), out_size=2), torch.tensor([[[[0.0, 100], [0, 100]]]]), atol=1e-4)


def test_a_much_larger_image_is_averaged_and_not_picked_from():
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2 * 200

    assert torch.allclose(drawn(board.to(torch.uint8)[None, None], Augment(), out_size=8), torch.full((1, 1, 8, 8), 100.0))


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


@pytest.fixture
def own_code(tmp_path, monkeypatch):
    """Write a member's module of functions, and return its name."""
    (tmp_path / "stripes_of_somebody.py").write_text(
        "def dimmed(images, chances):\n"
        "    assert images.max() <= 1\n"
        "    return images * images.new_tensor(chances.of('scale')).view(-1, 1, 1, 1)\n"
        "def too_small(images, chances):\n"
        "    return images[:, :, 1:]\n"
        "A_NUMBER = 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "stripes_of_somebody"
    sys.modules.pop("stripes_of_somebody", None)


def test_a_members_own_code_comes_last_with_numbers_of_its_own_for_each_image(images, own_code):
    spec = dataclasses.replace(EVERYTHING, code=f"{own_code}:dimmed")
    rows, order = np.array([40, 3, 17, 900, 5, 6]), np.array([4, 1, 3])
    before, after = drawn(images, EVERYTHING, rows=rows), drawn(images, spec, rows=rows)
    factors = (after / before.clamp_min(1)).amax((1, 2, 3))

    assert torch.allclose(after, before * factors.view(-1, 1, 1, 1), atol=1e-2)
    assert len(factors.unique()) == 6
    assert torch.allclose(drawn(images[order], spec, rows=rows[order]), after[order], atol=1e-3)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("too_small", r"expected images torch.float32 \(6, 3, 24, 24\) from .*:too_small, got torch.float32 \(6, 3, 23, 24\)"),
        ("dimed", r"expected 'dimed' in stripes_of_somebody, .*did you mean dimmed\?"),
        ("A_NUMBER", "expected a function behind 'stripes_of_somebody:A_NUMBER', got int"),
        ("", r'expected code such as "members.kostia.nets:build", got \'stripes_of_somebody:\''),
    ],
)
def test_own_code_that_does_not_keep_to_its_part_is_refused(images, own_code, code, said):
    with pytest.raises(CodeInvalid, match=said):
        drawn(images, Augment(code=f"{own_code}:{code}"))


def test_own_code_that_is_not_there_is_refused(images):
    with pytest.raises(CodeInvalid, match=r"No module named 'members\.nobody'"):
        drawn(images, Augment(code="members.nobody.augmenting:dimmed"))


def test_a_change_in_a_members_folder_is_other_code(own_code, tmp_path):
    before = code_digest(f"{own_code}:dimmed")
    (tmp_path / "imported_by_it.py").write_text("A = 1")

    assert len(before) == 64
    assert code_digest(f"{own_code}:dimmed") not in {before, code_digest("pipelines.warp:warp")}
