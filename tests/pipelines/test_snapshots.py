"""Which saved nets predict."""

import numpy as np
import pytest

from pipelines.snapshots import Snapshot, best, candidates, most_different, needed

RUN = [
    Snapshot(f"e{number:02}", loss) for number, loss in enumerate([0.9, 0.4, float("nan"), 0.5, 0.3, 0.6, 0.35, 0.7, 0.8, 0.45, 0.55, 0.65])
]


def test_the_three_best_come_best_first_and_nan_never():
    assert best(RUN, 3) == ("e04", "e06", "e01")
    assert best(RUN[2:3] + RUN[7:8]) == ("e07",)


def test_the_first_of_equals_is_the_best():
    assert best([Snapshot("a", 0.1), Snapshot("b", 0.1)]) == ("a",)


def test_the_most_different_three_of_ten_are_found_as_by_hand():
    points = {
        name: np.array([place]) for name, place in zip(candidates(RUN), [0, 0.1, 0.5, 0.52, 0.9, 1.0, 0.3, 0.31, 0.2, 0.7], strict=True)
    }

    assert len(candidates(RUN)) == 10
    assert set(most_different(points)) >= {"e02", "e07"}  # the two ends
    assert most_different({"a": np.zeros(2)}) == ("a",)


@pytest.mark.parametrize(
    ("checkpoints", "starts", "kept"),
    [
        ("last", False, set()),
        ("last", True, {"e04"}),
        ("best", False, {"e04"}),
        ("best3", True, {"e04", "e06", "e01"}),
        ("diverse3", False, {f"e{number:02}" for number in range(2, 12)}),
        ("diverse3", True, {f"e{number:02}" for number in range(2, 12)}),
    ],
)
def test_only_what_may_be_asked_for_stays_on_disk(checkpoints, starts, kept):
    assert needed(RUN, checkpoints, starts) == kept
