"""What 8 bits are worth: a trained net's ONNX file against its 8-bit copy, both run by ONNX Runtime on one thread."""

from __future__ import annotations

import csv
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.augmenting import one_thread
from benchmarks.benchmark import Check
from benchmarks.data import SHARED
from benchmarks.timing import repeat
from benchmarks.trial import CannotRun, Finding
from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.errors import ExportRefused
from pipelines.export import BOUND, FOLDER, Plain, export_int8, export_nets
from pipelines.onnx_nets import IMAGES, OnnxNet
from pipelines.plan import Plan
from pipelines.predictions import read_predictions
from pipelines.progress import nobody
from pipelines.quantising import processor
from pipelines.recipe_toml import from_json
from pipelines.run import run as run_job
from pipelines.stopping import StopRequest

ROWS, FOLDS, EPOCHS, WIDTH, BATCH, LEAST = 4_000, 2, 4, 32, 64, 1.8
WORK = f"{ROWS:,} images of Fashion-MNIST, {FOLDS} folds, six convolutions of {WIDTH} to {4 * WIDTH} maps; {BATCH} images at a time"
GOAL = f"at least {LEAST} times fp32, the out-of-fold accuracy at most {BOUND:.1%} worse"
SOURCE = SHARED / "fashion-mnist-t10k" / "t10k.npz"
DATA_TOML = """
task = "multiclass"
metric = "accuracy_score"
id_column = "id"
labels = "labels.csv"
label_column = "kind"
[images]
train = "images.npz"
"""


def run(tiny: bool) -> Finding:
    """Train, export, quantise, and run both files turn about."""
    if not SOURCE.exists():
        raise CannotRun("it needs the Fashion-MNIST images beside the checkout")
    with tempfile.TemporaryDirectory() as name, one_thread():
        folder = Path(name)
        lay_out(folder, 200 if tiny else ROWS)
        job = train(folder, recipe(tiny))
        export_nets(job)
        try:
            record = export_int8(job, bound=1.0 if tiny else BOUND)
        except ExportRefused as refusal:
            return Finding(0.0, False, Check(False, refusal.detail), "the same as when it is not refused")
        fp32, int8 = time_both(job, 3 if tiny else 25)
        scores = {variant: values["accuracy_score"] for variant, values in record["scores"].items()}
        again = recount(job)
    ratio = statistics.median(one / other for one, other in zip(fp32, int8, strict=True))
    return Finding(
        seconds=statistics.median(int8),
        met=ratio >= LEAST,
        check=Check(abs(again - scores["int8"]) < 1e-12, f"accuracy counted anew from the files: {again:.4f} in 8 bits"),
        data=f"real images; trained {EPOCHS} epochs on one thread; medians of {len(fp32)} rounds; this CPU: {processor()}",
        figures={
            "ratio": ratio,
            "peer": "ONNX Runtime fp32, one thread",
            "peer_seconds": statistics.median(fp32),
            "oof_accuracy": scores["int8"],
            "peer_oof_accuracy": scores["1crop"],
        },
    )


def recipe(tiny: bool) -> dict[str, Any]:
    """Return the recipe as JSON."""
    return {
        "name": "fashion",
        "net": {"name": "small_conv", "options": {"width": 8 if tiny else WIDTH, "stages": 3}},
        "data": {"channels": 1},
        "phases": [
            {"epochs": EPOCHS, "batch": 50, "optimiser": {"name": "adam"}, "schedule": {"name": "cosine", "rate": 3e-3}, "checkpoints": 0}
        ],
    }


def lay_out(folder: Path, rows: int) -> None:
    """Write the first images as a data folder with folds."""
    with np.load(SOURCE) as found:
        images, labels, classes = found["images"][:rows], found["labels"][:rows], found["classes"]
    ids = [f"item-{row:05d}" for row in range(rows)]
    np.savez(folder / "images.npz", id=np.array(ids), image=images)
    for name, header, values in (("labels", "kind", classes[labels]), ("folds", "fold", np.arange(rows) % FOLDS)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("id", header), *zip(ids, values, strict=True)])
    (folder / "data.toml").write_text(DATA_TOML)


def train(folder: Path, document: dict[str, Any]) -> Job:
    """Return the finished run."""
    chosen = from_json(document)
    dataset = read_dataset(folder, folder / "folds.csv", chosen, store=folder / "store", processes=1)
    job = Job(recipe=chosen, dataset=dataset, out=folder / "out", plan=Plan(), report=nobody, request=StopRequest())
    run_job(job)
    return job


def time_both(job: Job, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of one batch of held-out images in each round: floats, 8 bits."""
    images = np.concatenate([part[IMAGES] for part in Plain(job).batches(job.dataset.rows(0)[1][:BATCH])])
    nets = [OnnxNet(job.out / FOLDER / f"fold-0{kind}.onnx") for kind in ("", ".int8")]
    for net in nets:
        net.predict(images)
    pairs = [[repeat(partial(net.predict, images), 0, least=3).median for net in nets] for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def recount(job: Job) -> float:
    """Return the 8-bit nets' accuracy from what they left for the team."""
    said = read_predictions(job.out / "int8" / "oof.npz")
    places = {name: row for row, name in enumerate(said.ids)}
    guessed = said.values[[places[name] for name in job.dataset.train_ids]].argmax(1)
    return float((guessed == job.dataset.truth).mean())
