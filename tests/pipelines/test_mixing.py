"""Targets and images made softer."""

import numpy as np
import pytest
import torch

from pipelines.errors import DataInvalid
from pipelines.mixing import mixup, one_hot, smoothed, smoothed_labels


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(64, 2, 4, 4, generator=generator), one_hot(torch.arange(64) % 5, 5)


def test_rows_still_sum_to_one(batch):
    images, targets = batch
    mixed = mixup(images, smoothed(targets, 0.1), 0.4, np.random.default_rng(0))[1]

    assert torch.allclose(mixed.sum(1), torch.ones(64))
    assert 0.02 <= mixed.min() < mixed.max() <= 0.92 + 1e-6


def test_targets_are_mixed_in_the_images_own_shares():
    # an image shows its own row of targets, so the mixed image must show the mixed targets
    targets = torch.eye(16)
    images, mixed = mixup(targets.view(16, 1, 4, 4), targets, 0.5, np.random.default_rng(1))

    assert torch.equal(images.view(16, 16), mixed)
    assert not torch.equal(mixed, targets)
    assert (mixed.diagonal() >= 0.5).all()


def test_every_image_is_mixed_once_into_another():
    mixed = mixup(torch.eye(16).view(16, 1, 4, 4), torch.eye(16), 1.0, np.random.default_rng(2))[1]
    given_away = mixed.clone().fill_diagonal_(0)

    assert (given_away > 0).sum(0).max() == 1
    assert (given_away > 0).sum(1).max() == 1


def test_the_same_draw_mixes_the_same(batch):
    one, other = (mixup(*batch, 0.4, np.random.default_rng(3)) for _ in range(2))

    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert not torch.equal(one[0], mixup(*batch, 0.4, np.random.default_rng(4))[0])


def test_no_alpha_mixes_nothing(batch):
    assert mixup(*batch, 0.0, np.random.default_rng(0)) == batch


def test_classes_by_number_cannot_be_mixed(batch):
    with pytest.raises(DataInvalid, match=r"expected float targets to mix, such as one_hot makes, got torch\.int64"):
        mixup(batch[0], torch.arange(64), 0.4, np.random.default_rng(0))


def test_smoothing_by_nothing_and_by_all(batch):
    targets = batch[1]

    assert torch.equal(smoothed(targets, 0.0), targets)
    assert torch.allclose(smoothed(targets, 1.0), torch.full_like(targets, 0.2))


def test_labels_that_stand_alone_are_smoothed_towards_a_half():
    assert smoothed_labels(torch.tensor([[0.0, 1.0, 0.5]]), 0.2).tolist() == [[pytest.approx(0.1), pytest.approx(0.9), 0.5]]
