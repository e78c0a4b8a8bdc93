"""One benchmark: ours against a peer on the same data, with a limit that no program can beat and a check that both are right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import Array
from benchmarks.peer import PYTHON, PeerFailed, PeerMissing, PeerRun, run_peer
from benchmarks.timing import Runs, repeat

# What takes this long is run once, and what it compiles counts.
LONG_SECONDS = 20.0


@dataclass(frozen=True)
class Check:
    """Whether ours is right, and how that was found out."""

    passed: bool
    how: str


@dataclass(frozen=True)
class Case:
    """A benchmark made ready: data in memory, ours to be timed, what the peer is given, and how the results are compared."""

    ours: Callable[[], Any]
    arrays: Mapping[str, Array]
    touched_bytes: float
    """What must be read or written at least once, however clever the program."""
    check: Callable[[Any, PeerRun | None], Check]
    """(what ours returned, the peer's run or None where it is missing)"""
    data: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Benchmark:
    """What is measured against whom, and what was set as the least ratio."""

    name: str
    work: str
    peer: str
    """A module in benchmarks/peers."""
    target: float
    make: Callable[[bool], Case]
    """Called with whether a tiny size will do."""
    budget_seconds: float = 3.0
    peer_python: Path = PYTHON
    """Whose packages the peer is: its own environment's, unless it is one that training needs anyhow."""


class NotBuilt(Exception):
    """Ours does not exist yet; the message names what is missing."""


def measure(benchmark: Benchmark, bandwidth: float, tiny: bool = False) -> dict[str, Any]:
    """Run ours and the peer; return what the JSON and the page say."""
    outcome: dict[str, Any] = {"name": benchmark.name, "work": benchmark.work, "target": benchmark.target, "tiny": tiny}
    try:
        case = benchmark.make(tiny)
    except NotBuilt as error:
        empty = dict.fromkeys(("seconds", "ours_seconds", "peer_seconds", "ratio", "limit_seconds"))
        return outcome | empty | {"peer": benchmark.peer, "checked": False, "met": False, "scaled": False, "note": f"not built: {error}"}
    # the first call compiles, or loads what an earlier process compiled: it is told apart
    first = repeat(case.ours, 0.0, least=1)
    runs = first if first.median > LONG_SECONDS else repeat(case.ours, 0.1 if tiny else benchmark.budget_seconds)
    outcome |= {
        "seconds": runs.median,
        "ours_seconds": runs.median,
        "ours_first_seconds": first.median,
        "limit_seconds": case.touched_bytes / bandwidth,
        "bandwidth_bytes_per_second": bandwidth,
        "data": case.data,
        "note": case.note,
        "runs": {"ours": len(runs.seconds)},
        "spread": {"ours": [min(runs.seconds), max(runs.seconds)]},
    }
    return outcome | _meet_peer(benchmark, case, runs, outcome)


def _meet_peer(benchmark: Benchmark, case: Case, runs: Runs, outcome: Mapping[str, Any]) -> dict[str, Any]:
    budget_seconds = 0.1 if outcome["tiny"] else 3.0
    try:
        peer = run_peer(benchmark.peer, case.arrays, {"budget_seconds": budget_seconds, **case.settings}, benchmark.peer_python)
    except (PeerMissing, PeerFailed) as error:
        check = case.check(runs.result, None)
        what = "missing" if isinstance(error, PeerMissing) else "failed"
        peer_of_none = {
            "peer": f"{what}: {str(error).splitlines()[-1]}",
            "peer_seconds": None,
            "ratio": None,
            "met": False,
            "scaled": False,
        }
        return peer_of_none | {"checked": check.passed, "check": check.how}
    check = case.check(runs.result, peer)
    ratio = peer.whole_seconds / runs.median
    return {
        "peer": peer.name,
        "peer_seconds": peer.whole_seconds,
        "ratio": ratio,
        "checked": check.passed,
        "check": check.how,
        "met": bool(check.passed and ratio >= benchmark.target),
        "scaled": peer.share < 1,
        "runs": {**outcome["runs"], "peer": len(peer.seconds)},
        "spread": {**outcome["spread"], "peer": [min(peer.seconds) / peer.share, max(peer.seconds) / peer.share]},
        "note": " ".join(filter(None, (case.note, peer.note))),
        "variants": {name: {"peer_seconds": value, "ratio": value / runs.median} for name, value in peer.variants.items()},
    }


def largest_difference(ours: Array, theirs: Array) -> float:
    """Return the greatest absolute difference of two arrays of one shape."""
    return float(np.abs(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)).max())
