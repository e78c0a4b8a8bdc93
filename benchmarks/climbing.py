"""One round of hill climbing: each other model mixed into the best one at each of 50 weights."""

from __future__ import annotations

from benchmarks.benchmark import Case, NotBuilt


def make(tiny: bool) -> Case:
    """Raise NotBuilt until stackyard.numerics.hill_climbing is there."""
    del tiny
    raise NotBuilt("stackyard.numerics.hill_climbing.best_mix (no such module)")
