"""Nested and bagged greedy selection: not built yet."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.benchmark import Case, NotBuilt


def make(tiny: bool) -> Case:
    """Raise NotBuilt until stackyard.numerics.bagging is there."""
    del tiny
    found = find_spec("stackyard.numerics.bagging")
    raise NotBuilt(f"stackyard.numerics.bagging.nested_bagged_greedy ({'found, but not measured yet' if found else 'no such module'})")
