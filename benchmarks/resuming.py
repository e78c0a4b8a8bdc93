"""A training that is killed five times against one that is left alone, and what saving costs."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.benchmark import Check
from benchmarks.digits import recipe
from benchmarks.trial import Finding
from pipelines import loop
from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.plan import Plan
from pipelines.progress import nobody
from pipelines.recipe_toml import but
from pipelines.run import run as run_job
from pipelines.setting import Saving
from pipelines.stopping import StopRequest
from tests.pipelines.digits import lay_out_digits

KILLS, SAVE_SECONDS, MOST_SHARE = 5, 1.0, 0.01
EPOCHS, TINY_EPOCHS, BATCH = 30, 2, 32
WORK = f"one fold of the digits, {EPOCHS} epochs, killed -9 at {KILLS} random steps and left alone"
GOAL = f"the same bytes, and at most {MOST_SHARE:.0%} of the time spent on saving"


def train(folder: str, out: str, epochs: int, kill_at: int, save_seconds: float) -> None:
    """Train in this process; at a step (none: -1) it kills itself, after the step is computed and before it is kept."""
    chosen = but(recipe(epochs), **{"net.options.width": 32})
    data = Path(folder) / "data"
    note = loop.Training._note

    def dying(training: loop.Training, losses: Any, step: int, rows: Any) -> None:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        note(training, losses, step, rows)

    loop.Training._note = dying  # type: ignore[method-assign]
    dataset = read_dataset(data, data / "folds.csv", chosen, Path(folder) / "store", processes=1)
    saving = Saving(seconds=save_seconds)
    job = Job(recipe=chosen, dataset=dataset, out=Path(folder) / out, plan=Plan(), report=nobody, request=StopRequest(), saving=saving)
    run_job(job, [0])


def start(*arguments: Any) -> int | None:
    """Train in a process of its own; return how it ended."""
    child = multiprocessing.get_context("spawn").Process(target=train, args=arguments)
    child.start()
    child.join()
    return child.exitcode


def digests(out: Path) -> dict[str, str]:
    """Return the SHA-256 of all weights and predictions."""
    paths = [path for path in sorted(out.rglob("*")) if path.suffix in {".npz", ".safetensors"}]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def run(tiny: bool) -> Finding:
    """Kill at random steps, saving every second; compare; take the cost of saving from the run that was left alone."""
    epochs = TINY_EPOCHS if tiny else EPOCHS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out_digits(folder / "data", rows=300 if tiny else 1797)
        steps = epochs * ((240 if tiny else 1437) // BATCH)
        kills = sorted(np.random.default_rng(11).choice(steps, KILLS, replace=False).tolist())
        ends = [start(name, "killed", epochs, step, SAVE_SECONDS) for step in [*kills, -1]]
        started = time.perf_counter()
        ends.append(start(name, "whole", epochs, -1, SAVE_SECONDS))
        seconds = time.perf_counter() - started
        killed, whole = digests(folder / "killed"), digests(folder / "whole")
        told = json.loads((folder / "whole" / "fold-0" / "seed-0" / "done.json").read_text())
    identical = killed == whole and len(whole) > 0
    share = told["saving_seconds"] / told["training_seconds"]
    died = ends == [-signal.SIGKILL] * KILLS + [0, 0]
    return Finding(
        seconds=seconds,
        met=identical and share <= MOST_SHARE,
        check=Check(died, f"the processes ended as {ends}; killed at the steps {kills} of {steps}; {len(whole)} files compared"),
        data=f"the digits; a save at most once in {SAVE_SECONDS:g} s (a run's own choice is once a minute); one thread",
        figures={"identical": identical, "saving_share": share, "saving_seconds": told["saving_seconds"]},
        note=f"training took {told['training_seconds']:.1f} s of these",
    )
