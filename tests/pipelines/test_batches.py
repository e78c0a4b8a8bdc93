"""What a step learns from: the right rows, the same for every way to hold images."""

import numpy as np
import pytest
import torch

from pipelines.assembling import make_setting
from pipelines.batches import Pixels
from tests.pipelines.training import TINY, change, make_data, make_job

CPU = torch.device("cpu")


class Rows:
    """Images whose pixels are their row's number."""

    def __init__(self, count, first=0, kind=np.uint8):
        self.array = np.tile(np.arange(first, first + count, dtype=kind)[:, None, None, None], (1, 1, 2, 2))

    def take(self, rows):
        return np.array(self.array[rows])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("whole", [False, True])
def test_rows_come_as_asked_for_and_test_rows_after_the_train_rows(kind, whole):
    pixels = Pixels(Rows(10, kind=kind), 10, Rows(5, first=100, kind=kind), CPU, whole)

    assert pixels.take(np.array([7, 2]))[:, 0, 0, 0].tolist() == [7, 2]
    assert pixels.take(np.array([12, 3, 14]))[:, 0, 0, 0].tolist() == [102, 3, 104]
    assert pixels.take(np.array([2])).dtype == {np.uint8: torch.uint8, np.uint16: torch.uint16}[kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    make_data(folder, test_rows=0)
    return folder


def batch_of(folder, rows, step=0, **changes):
    setting = make_setting(make_job(folder, change(TINY, **changes)), [0], 0)
    (batch,) = setting.kitchen.batches(setting.recipe.phases[0], (0, step), setting.feeds[0].lessons, [np.array(rows)])
    return batch


def test_images_are_normalised_over_the_train_rows(folder):
    batch = batch_of(folder, list(range(120)), phases__0__augment__offset=0.0)

    assert abs(float(batch.images.mean())) < 1e-4
    assert abs(float(batch.images.std()) - 1) < 1e-3
    for normalise, white in (("unit", 1.0), ("none", 255.0)):
        assert batch_of(folder, list(range(20)), data__normalise=normalise, phases__0__augment__offset=0.0).images.max() == white


def test_an_image_is_changed_alike_in_any_batch_and_otherwise_at_another_step(folder):
    alone, among = batch_of(folder, [5]).images[0], batch_of(folder, [9, 5, 1]).images[1]

    torch.testing.assert_close(alone, among, atol=0, rtol=0)
    assert not torch.equal(alone, batch_of(folder, [5], step=1).images[0])


def test_mixed_targets_are_shares_of_two_classes(folder):
    batch = batch_of(folder, list(range(16)), phases__0__mixup=0.5)

    torch.testing.assert_close(batch.targets.sum(1), torch.ones(16))
    assert ((batch.targets > 0).sum(1) <= 2).all()
    assert (batch.targets.max(1).values < 1).any()


def test_smoothed_targets_leave_every_class_a_share(folder):
    batch = batch_of(folder, [3, 4], phases__0__smoothing=0.2)

    assert float(batch.targets.min()) == pytest.approx(0.02)
    assert float(batch.targets.max()) == pytest.approx(0.82)


def test_an_epoch_goes_through_all_rows_and_another_in_another_order(folder):
    setting = make_setting(make_job(folder, change(TINY, phases__0__batch=10)), [0], 0)
    (feed,), (stretch,) = setting.feeds, setting.stretches()
    first = np.concatenate([feed.regular(stretch, step) for step in range(6)])
    second = np.concatenate([feed.regular(stretch, step) for step in range(6, 12)])

    assert sorted(first) == sorted(second) == sorted(feed.rows)
    assert first.tolist() != second.tolist()
    assert not set(first) & set(feed.held)
