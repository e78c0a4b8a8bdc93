"""Kernels compiled by numba, typed for mypy; compiled once a machine, since the result is kept beside the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """Return the function as a kernel that lets other threads run meanwhile."""
    return cast(Kernel, numba.njit(nogil=True, cache=True)(function))


def quick(function: Kernel) -> Kernel:
    """The same, for sums of floats that may be added up in another order, several at a time."""
    return cast(Kernel, numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})(function))


def quick_without_checks(function: Kernel) -> Kernel:
    """The same as quick, for kernels that never divide by zero: the check for it would keep rows from going through several at a time."""
    return cast(Kernel, numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})(function))
