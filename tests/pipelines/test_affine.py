"""Geometric changes: matrices that are multiplied, and one resample."""

import dataclasses

import numpy as np
import pytest
import torch

from pipelines.affine import Frame, composed, drawn_parts, normalised, symmetries
from pipelines.chances import Chances
from pipelines.changes import draw_changes
from pipelines.recipe import Augment
from pipelines.warp import warp
from tests.pipelines.augmenting import GEOMETRY, SIDE, SQUARE


def seen(change, frame=SQUARE, count=6, key=1):
    """What a spec's matrices make of the corners and centre of the outgoing image, in pixels from the centre of the incoming."""
    chances = Chances(key, np.arange(count))
    return drawn_parts(change, chances, frame), symmetries(change, chances, frame)


def smooth(side):
    """Slow waves that survive a resample."""
    places = (torch.arange(side) + 0.5) / side * 2 - 1
    return torch.stack([torch.sin(2 * places)[:, None] + torch.cos(3 * places), torch.cos(places)[:, None] * places])[None] + 2


def as_grid(matrices, frame):
    return torch.from_numpy(normalised(matrices, frame)[:, :2].astype(np.float32))


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


def test_a_part_switched_on_changes_no_other_parts_draw():
    alone, _ = seen(Augment(rotation=20))
    together, _ = seen(GEOMETRY)

    assert np.array_equal(alone["rotation"], together["rotation"])


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
