"""500 models of Planet's size within 4 GB: blends and ridge on float32 memory maps, each in a process of its own.

`python -m benchmarks many_models --json` writes made predictions into a temporary file and tells of every step its seconds and the most
memory that it held (resident, mapped pages included). `python -m benchmarks.many_models --step NAME --file FILE` is one step alone.
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

from benchmarks.benchmark import Check
from benchmarks.data import Array, planet_labels
from benchmarks.planet_session import MadeModels
from benchmarks.trial import Finding

MODELS, FOLDS = 500, 10
MOST_BYTES = 4 << 30
WORK = f"{MODELS} models of 40,479 x 17 on the disk: nested weights by each blend, and ridge on {FOLDS} folds"
GOAL = f"at most {MOST_BYTES >> 30} GiB held, mapped pages included"


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
    """Run one step here; return its seconds, by the clock and of all cores, its memory and its loss."""
    began, worked = time.perf_counter(), time.process_time()
    loss = STEPS[name](path)
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"step": name, "seconds": seconds, "cpu_seconds": processor, "peak_bytes": peak, "log_loss": loss}


def run(tiny: bool) -> Finding:
    """Run all steps, one after the other."""
    models = 4 if tiny else MODELS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "models.float32"
        write_models(path, models)
        single = float(METRICS["binary_log_loss"](planet_labels().truth, open_models(path)[0][0]))
        steps = [run_step(name, path) for name in STEPS]
    worst = max(step["log_loss"] for step in steps)
    return Finding(
        seconds=sum(step["seconds"] for step in steps),
        met=all(step["peak_bytes"] < MOST_BYTES for step in steps),
        check=Check(worst < single, f"nested log losses at most {worst:.5f}, one model's {single:.5f}"),
        data=f"{planet_labels().source}; {models} made models on the disk",
        figures={"models": models, "peak_bytes": max(step["peak_bytes"] for step in steps), "steps": steps},
    )


def main(arguments: list[str]) -> int:
    """Run one step here, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_models", description=__doc__)
    parser.add_argument("--step", choices=STEPS, required=True)
    parser.add_argument("--file", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    print(json.dumps(measure_step(chosen.step, chosen.file)))
    return 0


STEPS: dict[str, Callable[[Path], float]] = {
    "greedy": blend_by("greedy"),
    "bagged_greedy": blend_by("bagged_greedy"),
    "simplex": blend_by("simplex"),
    "ridge": ridge,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
