"""A run's predictions made anew from those of its nets, which all lie in the run folder: no net is loaded, no GPU needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.curves import read_history
from pipelines.errors import PredictionInvalid
from pipelines.joining import average
from pipelines.outputs import NETS, OOF, PLAIN, TEST, TTA, part_path
from pipelines.predictions import Form, Predictions, read_predictions, write_predictions
from pipelines.record import read_record
from pipelines.snapshots import Snapshot, best

VARIANTS = (PLAIN, TTA)


def average_again(run: Path, out: Path, count: int = 0, mean: str = "geometric") -> list[Path]:
    """Write OUT/VARIANT/oof.npz and test.npz, and each fold's parts, from the best nets of each training; return the whole run's files.

    count: how many nets a training, best first by the rows held out; 0: all that predicted.
    Raises PredictionInvalid where RUN is no finished run.
    """
    record = read_record(run)
    folds = sorted(run.glob("fold-*"), key=lambda folder: int(folder.name.removeprefix("fold-")))
    if record is None or not record.get("scores"):
        raise PredictionInvalid(f"expected a finished run in {run}, got none")
    task, written = record["task"], []
    for variant in VARIANTS:
        for part in (OOF, TEST):
            parts = [_fold(folder, variant, part, count, task, mean) for folder in folds]
            found = [one for one in parts if one is not None]
            if not found:
                continue
            for folder, one in zip(folds, found, strict=True):
                _write(part_path(out / folder.name, variant, part), one, task)
            whole = _join(found, read_predictions(part_path(run, variant, part)).ids) if part == OOF else average(found, task, "arithmetic")
            written.append(_write(part_path(out, variant, part), whole, task))
    return written


def _fold(folder: Path, variant: str, part: str, count: int, task: str, mean: str) -> Predictions | None:
    """Return a fold's mean over its seeds' means over nets; None where the run has no such part."""
    seeds = []
    for seed in sorted(folder.glob("seed-*")):
        paths = [part_path(seed / NETS / name, variant, part) for name in chosen(seed, count)]
        if all(path.exists() for path in paths):
            seeds.append(average([read_predictions(path) for path in paths], task, mean))
    return average(seeds, task, mean) if seeds else None


def chosen(seed: Path, count: int) -> Sequence[str]:
    """Return the names of a training's best nets among those that predicted; all of them where count is 0."""
    names = sorted(path.name for path in (seed / NETS).iterdir())
    losses = {entry["name"]: entry["judged"] for entry in read_history(seed / "metrics.jsonl") if "name" in entry}
    return best([Snapshot(name, losses.get(name, float("inf"))) for name in names], count) if count else names


def _join(parts: Sequence[Predictions], ids: Sequence[str]) -> Predictions:
    every = Predictions(tuple(name for one in parts for name in one.ids), parts[0].columns, np.concatenate([one.values for one in parts]))
    return Predictions(tuple(ids), every.columns, every.rows(ids))


def _write(path: Path, predictions: Predictions, task: str) -> Path:
    write_predictions(path, predictions, Form(task, predictions.ids, predictions.columns))
    return path
