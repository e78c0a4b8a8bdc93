"""A torch.profiler trace of some steps, to be looked at in a browser (chrome://tracing, ui.perfetto.dev)."""

from __future__ import annotations

from pathlib import Path

from torch.profiler import ProfilerActivity, profile

from pipelines.loop import Training

STEPS, WARM_UP = 10, 2
NAME = "trace.json"


def write_trace(training: Training, folder: Path) -> Path:
    """Take some steps of a training that has just been made and goes no further, and write what they did; return the file."""
    on_gpu = training.setting.device.type == "cuda"
    training.take_steps(min(WARM_UP, training.laid[0].steps - 1))
    steps = min(STEPS, max(1, training.laid[0].steps - training.at.step))
    folder.mkdir(parents=True, exist_ok=True)
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]) as found:
        training.take_steps(steps)
    path = folder / NAME
    found.export_chrome_trace(str(path))
    return path
