"""All real plankton images, 121 classes, five folds, with a small cyclic net: what this machine's cores can make of them."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from stackyard.numerics.folds import stratified_folds

from benchmarks.benchmark import Check
from benchmarks.data import SHARED
from benchmarks.peer import ROOT
from benchmarks.trial import CannotRun, Finding

IMAGES = SHARED / "plankton-ndsb-train" / "train_images.parquet"
FOLDS, SIZE, EPOCHS = 5, 32, 5
TINY_ROWS, TINY_EPOCHS = 1_500, 0.5
WORK = f"30,336 images, 121 classes, {FOLDS} folds: a cyclic net at {SIZE} px, {EPOCHS} epochs, its views averaged"
GOAL = "the log loss out of fold, reported with its time (2015, on the test images: winners .5660, 13th place .6207)"
RECIPE = """name = "plankton-cyclic-cpu"
[net]
name = "cyclic"
options = {{ width = 16, depths = [1, 1, 2, 2], hidden = 128, dropout = 0.1 }}
[data]
channels = 1
size = {size}
aspect = "pad"
[[phases]]
epochs = {epochs}
batch = 32
precision = "bf16"
optimiser = {{ name = "sgd", nesterov = true, decay = 1e-4 }}
schedule = {{ name = "cosine", rate = 0.07, warm_up = 0.3 }}
augment = {{ d4 = true, rotation = 180, scale = [0.8, 1.25], offset = 0.08, shear = 10 }}
[predict]
tta = ["plain", "flip", "scales", "flip*scales"] # turned by a quarter, the net says the same anyway
"""
DATA_TOML = """task = "multiclass"
metric = "multiclass_log_loss"
id_column = "id"
labels = "labels.csv"
label_column = "class"
[images]
train = "{images}"
id = "image_name"
image = "jpeg"
"""


def home(recipe: str) -> Path:
    """Return where the run of a recipe lies, so that one that was broken off goes on."""
    name = f"plankton-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"
    return Path(os.environ.get("STACKYARD_HOME") or ROOT / ".stackyard") / "benchmarks" / name


def lay_out(folder: Path, recipe: str, rows: int | None) -> int:
    """Write data.toml, labels and stratified folds, and the recipe; return the number of images."""
    images = IMAGES
    table = pl.read_parquet(IMAGES, columns=["image_name", "class_name", "class_id"], n_rows=rows)
    folder.mkdir(parents=True, exist_ok=True)
    if rows is not None:
        images = folder / "images.parquet"
        pl.read_parquet(IMAGES, n_rows=rows).write_parquet(images)
    folds = stratified_folds(table["class_id"].to_numpy(), FOLDS, 0)
    table.select(pl.col("image_name").alias("id"), pl.col("class_name").alias("class")).write_csv(folder / "labels.csv")
    pl.DataFrame({"id": table["image_name"], "fold": folds}).write_csv(folder / "folds.csv")
    (folder / "data.toml").write_text(DATA_TOML.format(images=images))
    (folder / "recipe.toml").write_text(recipe)
    return len(table)


def command(folder: Path) -> Sequence[str]:
    """Return what trains: a process a core, each with one fold and one thread, saved every half minute."""
    words = ["run", folder / "recipe.toml", "--data", folder, "--folds", folder / "folds.csv", "--out", folder / "run"]
    words += ["--store", folder / "store", "--jobs", os.cpu_count() or 1, "--save-every", 30, "--device", "cpu"]
    return [sys.executable, "-m", "pipelines", *map(str, words)]


def processor_seconds() -> float:
    """Return what processes that this one started and that have ended have used of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(tiny: bool) -> Finding:
    """Train and predict all folds; what an earlier try has done is not done again, and its time is counted."""
    if not IMAGES.exists():
        raise CannotRun("it needs the plankton images beside the checkout")
    epochs = TINY_EPOCHS if tiny else EPOCHS
    recipe = RECIPE.format(size=SIZE, epochs=epochs)
    folder = home(recipe)
    count = lay_out(folder, recipe, TINY_ROWS if tiny else None)
    before = processor_seconds()
    # bar and notes go to the standard error, so that the JSON object stays alone
    done = subprocess.run(command(folder), cwd=ROOT, stdout=sys.stderr, check=False)
    if done.returncode:
        raise CannotRun(f"the run ended with {done.returncode}; the same command goes on from where it was")
    processor = processor_seconds() - before
    record = json.loads((folder / "run" / "run.json").read_text())
    scores, spent = record["scores"], [fold["seconds"] for fold in record["folds"].values()]
    jobs = os.cpu_count() or 1
    rounds = [spent[start : start + jobs] for start in range(0, len(spent), jobs)]
    losses = {variant: found["multiclass_log_loss"] for variant, found in scores.items()}
    return Finding(
        seconds=sum(map(max, rounds)),
        met=0 < losses["tta"] < losses["1crop"] + 0.01,
        check=Check(
            record["resume"] == "identical",
            f"all folds on one machine type, started {[f['starts'] for f in record['folds'].values()]} times",
        ),
        data=f"{count:,} real images; {jobs} folds at a time, a core each; no GPU",
        figures={
            "oof_log_loss": losses["tta"],
            "one_crop_log_loss": losses["1crop"],
            "fold_seconds": spent,
            "processor_seconds": processor,
            "epochs": epochs,
        },
        note=f"seconds are those of {len(rounds)} rounds of {jobs} folds, by the clock; processor_seconds are this start's alone, "
        f"and other work does not lengthen them; the run lies in {folder.name} and goes on if it is broken off",
    )
