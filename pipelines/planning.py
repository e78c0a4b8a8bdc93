"""The fastest way to run a recipe on this machine, found by timing some steps of each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from pipelines.assembling import Job, make_learner, make_setting
from pipelines.errors import PipelineError
from pipelines.loop import Training
from pipelines.phases import whole_steps
from pipelines.plan import Plan
from pipelines.progress import nobody
from pipelines.record import machine, read_record
from pipelines.side_by_side import obstacle

STEPS, WARM_UP = 20, 4
WORTH_SHARE = 0.02
"""Of a run's steps; timing that costs more is left out."""
COMPILE_SECONDS = 25.0

Timings = dict[str, float]
"""What was tried -> images a second, all folds together."""


def kept_plan(job: Job, folds: list[int]) -> Plan | None:
    """Return the plan by which one of these folds was begun on this kind of machine, so that it ends in the same bits; else None."""
    for fold in folds:
        record = read_record(job.fold_folder(fold))
        if record is not None and record["machine"] == machine(record["plan"]["device"]):
            return Plan(**record["plan"])
    return None


def is_worth_timing(job: Job, folds: int) -> bool:
    """Tell whether a run of so many folds is so long that timing costs next to nothing."""
    steps = whole_steps(make_setting(job, [0], job.recipe.seed).stretches()) * folds * job.recipe.seeds
    return steps * WORTH_SHARE >= len(list(ways(job, folds))) * (STEPS + WARM_UP)


def ways(job: Job, folds: int) -> Iterator[tuple[str, Plan]]:
    """Yield what can be tried on this device for so many folds; only all of them stand side by side."""
    base, on_gpu = replace(job.plan, side_by_side=False), job.plan.device.startswith("cuda")
    yield "one by one", replace(base, channels_last=False)
    yield "one by one, channels last", replace(base, channels_last=True)
    if on_gpu:
        yield "one by one, CUDA graphs", replace(base, compiled="reduce-overhead")
    if folds == job.dataset.folds.count and not obstacle(job.recipe):
        yield "side by side", replace(base, side_by_side=True, channels_last=False)


def make_plan(job: Job, folds: int) -> tuple[Plan, Timings]:
    """Return the plan under which so many folds learn most images a second in the first phase, and what was measured.

    A way that fails (no compiler, too little memory for all folds) is left out; the first never fails without the run failing too.
    """
    tried = dict(ways(job, folds))
    timings: Timings = {}
    for name, plan in tried.items():
        try:
            timings[name] = images_a_second(replace(job, plan=plan))
        except (RuntimeError, PipelineError):
            if not timings:
                raise
    setting = make_setting(job, [0], job.recipe.seed)
    images = whole_steps(setting.stretches()) * job.recipe.phases[0].batch * folds * job.recipe.seeds

    def seconds(name: str) -> float:
        return images / timings[name] + (COMPILE_SECONDS if tried[name].compiled else 0.0)

    return tried[min(timings, key=seconds)], {name: round(value, 1) for name, value in timings.items()}


def images_a_second(job: Job) -> float:
    """Return how many images this plan learns from in a second; nothing of the run folder is read or written."""
    folds = list(range(job.dataset.folds.count)) if job.plan.side_by_side else [0]
    with tempfile.TemporaryDirectory() as name:
        quiet = replace(job, out=Path(name), report=nobody)
        training = Training(make_setting(quiet, folds, job.recipe.seed), make_learner(quiet, folds, job.recipe.seed))
        steps = min(STEPS, max(1, training.laid[0].steps - WARM_UP))
        training.take_steps(min(WARM_UP, training.laid[0].steps - 1))
        wait(training.setting.device)
        begun = time.perf_counter()
        training.take_steps(steps)
        wait(training.setting.device)
        seconds = time.perf_counter() - begun
    return steps * min(job.recipe.phases[0].batch, training.setting.rows) * len(folds) / seconds


def wait(device: torch.device) -> None:
    """Wait until the device has done all that it was asked to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
