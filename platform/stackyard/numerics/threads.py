"""Work shared among the cores by threads, which are started once a process: to start one takes as long as deciding thousands of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def cores() -> int:
    """Return how many cores there are to work on."""
    return os.cpu_count() or 1


def on_all_cores(work: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    """Return what work makes of each item, in their order. It must let go of the interpreter, as kernels and numpy do, to gain by threads.

    The calling thread works too, and helpers take items while there are any, so that work may itself share out: where all helpers are
    busy, the caller does everything. An exception ends the items of its thread and is raised when the others have ended.

    >>> on_all_cores(lambda number: number * number, [1, 2, 3])
    [1, 4, 9]
    """
    made: list[tuple[int, Made]] = []
    left = iter(range(len(items)))  # shared: each thread takes the next one

    def take() -> None:
        for place in left:
            made.append((place, work(items[place])))

    helpers = [_helpers(os.getpid()).submit(take) for _ in range(min(cores(), len(items)) - 1)]
    try:
        take()
    finally:
        for helper in helpers:
            if not helper.cancel():
                helper.result()
    return [one for _, one in sorted(made, key=lambda pair: pair[0])]


@cache
def _helpers(process: int) -> ThreadPoolExecutor:
    """Return the threads of this process: a fork has none of those that it was forked from."""
    return ThreadPoolExecutor(max(1, cores() - 1), thread_name_prefix=f"numerics-{process}")
