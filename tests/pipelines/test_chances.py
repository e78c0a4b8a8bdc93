"""Numbers that belong to an image and a purpose."""

import numpy as np

from pipelines.chances import Chances


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
