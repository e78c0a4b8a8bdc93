"""A peer is timed inside a process of its own, in an environment of its own; arrays travel as .npy files."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import Array

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
TIMEOUT_SECONDS = 900


class PeerMissing(Exception):
    """The peer is not installed; the message says what is missing and how it comes."""


class PeerFailed(Exception):
    """The peer's process ended with an error, or not in time."""


@dataclass(frozen=True)
class PeerRun:
    """What a peer took and returned."""

    name: str
    """With its version."""
    seconds: list[float]
    """Of each run of the measured part."""
    share: float
    """The measured part of the whole work; below 1 the seconds are scaled."""
    results: Mapping[str, Array]
    note: str
    variants: Mapping[str, float]
    """Other ways to use the peer, and the seconds of the whole work that way."""

    @property
    def whole_seconds(self) -> float:
        """The median, scaled to the whole work."""
        return statistics.median(self.seconds) / self.share


def run_peer(name: str, arrays: Mapping[str, Array], settings: Mapping[str, Any], python: Path = PYTHON) -> PeerRun:
    """Run benchmarks/peers/NAME.py in the peers' environment; raise PeerMissing where it, or what it imports, is not there."""
    if not python.exists():
        raise PeerMissing(
            f"{name} ({python.relative_to(ROOT) if python.is_relative_to(ROOT) else python} is not there; make bench makes it)"
        )
    with tempfile.TemporaryDirectory() as folder:
        for key, values in arrays.items():
            np.save(Path(folder) / f"{key}.npy", values)
        (Path(folder) / "settings.json").write_text(json.dumps(dict(settings)))
        command = [str(python), "-W", "ignore", "-m", "benchmarks.peers", name, folder]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise PeerFailed(f"expected {name} to end within {TIMEOUT_SECONDS} seconds") from None
        if done.returncode != 0:
            raise PeerFailed(f"expected {name} to end well, got exit code {done.returncode}: {done.stderr[-2000:]}")
        report = json.loads((Path(folder) / "report.json").read_text())
        if "missing" in report:
            raise PeerMissing(f"{name} (the package {report['missing']} is not installed; make bench installs it)")
        results = {path.stem: np.load(path) for path in (Path(folder) / "results").glob("*.npy")}
    return PeerRun(results=results, **report)
