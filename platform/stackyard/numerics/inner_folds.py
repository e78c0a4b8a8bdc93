"""The training folds as inner folds: what a method tries its settings on, without ever seeing the fold that judges it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

MOST_GROUPS = 5
"""More inner folds cost time and hardly change which setting wins."""

Part = TypeVar("Part")


def inner_groups(parts: Sequence[Part], most: int = MOST_GROUPS) -> list[list[Part]]:
    """Deal the training folds into groups, at most so many, each to be held out once.

    >>> inner_groups("abcdefg", 3)
    [['a', 'd', 'g'], ['b', 'e'], ['c', 'f']]
    """
    return [list(parts[start::most]) for start in range(min(most, len(parts)))]
