"""500 models of Planet's size within 4 GB: blends and ridge on float32 memory maps, each in a process of its own.

`python -m benchmarks.many_models --json` writes made predictions into a temporary file and prints, for every step, its seconds of CPU and
the most memory that it held (resident, mapped pages included). A single step runs as `--step NAME --file FILE`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import cross_fit, nested_blend

from benchmarks.data import Array, planet_labels
from benchmarks.planet_session import MadeModels

FOLDS = 10
MOST_BYTES = 4 << 30


def write_models(path: Path, models: int) -> None:
    """Write float32 (models, rows, labels), one model at a time."""
    made = MadeModels.of(planet_labels().truth, 2)
    with path.open("wb") as file:
        for model in range(models):
            file.write(made.probabilities(model).tobytes())


def open_models(path: Path) -> tuple[Array, Array, Array]:
    """Return the models as a map, the truth and the folds."""
    truth = planet_labels().truth
    models = np.memmap(path, np.float32, "r").reshape(-1, *truth.shape)
    return models, truth, np.arange(len(truth)) % FOLDS


def blend_by(name: str) -> Callable[[Path], float]:
    """Return a step that finds nested weights and tells the log loss of the blend."""

    def step(path: Path) -> float:
        models, truth, folds = open_models(path)
        found = nested_blend(models, truth, folds, name, "binary_log_loss")
        return float(METRICS["binary_log_loss"](truth, found.oof))

    return step


def ridge(path: Path) -> float:
    """Fit ridge on every fold's others and tell its log loss."""
    models, truth, folds = open_models(path)
    return float(METRICS["binary_log_loss"](truth, cross_fit("ridge", models, None, truth, folds, "multilabel").oof))


def run_step(name: str, path: Path) -> dict[str, Any]:
    """Run one step in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.many_models", "--step", name, "--file", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def measure_step(name: str, path: Path) -> dict[str, Any]:
    """Run one step here; return its seconds of CPU, its memory and its loss."""
    began = time.process_time()
    loss = STEPS[name](path)
    seconds, peak = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"step": name, "cpu_seconds": seconds, "peak_bytes": peak, "log_loss": loss, "met": peak < MOST_BYTES}


def main(arguments: list[str]) -> int:
    """Run all steps, or one, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_models", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.step:
        print(json.dumps(measure_step(chosen.step, chosen.file)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "models.float32"
        write_models(path, chosen.models)
        steps = [run_step(name, path) for name in STEPS]
    if chosen.json:
        print(json.dumps({"models": chosen.models, "steps": steps, "met": all(step["met"] for step in steps)}))
    else:
        for step in steps:
            print(
                f"{step['step']}: {step['peak_bytes'] / 2**30:.2f} GiB, {step['cpu_seconds']:.0f} s of CPU, log loss {step['log_loss']:.4f}"
            )
    return 0


STEPS: dict[str, Callable[[Path], float]] = {
    "greedy": blend_by("greedy"),
    "bagged_greedy": blend_by("bagged_greedy"),
    "simplex": blend_by("simplex"),
    "ridge": ridge,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
