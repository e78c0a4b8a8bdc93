"""The smallest whole run: scikit-learn's digits, five folds, augmentation and views, on one thread."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.augmenting import one_thread
from benchmarks.benchmark import Check
from benchmarks.trial import Finding
from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.metrics import accuracy_score
from pipelines.plan import Plan
from pipelines.predictions import read_predictions
from pipelines.progress import nobody
from pipelines.recipe import Recipe
from pipelines.recipe_toml import from_json
from pipelines.run import run as run_job
from pipelines.stopping import StopRequest
from tests.pipelines.digits import lay_out_digits

LEAST, MOST_SECONDS, EPOCHS = 0.975, 15.0, 5
WORK = "1,797 scans of digits, 5 folds: a small net, augmentation, 9 views; trained, predicted and joined on one thread"
GOAL = f"an out-of-fold accuracy of at least {LEAST} within {MOST_SECONDS:g} s"


def recipe(epochs: float) -> Recipe:
    """Return what learns the digits."""
    phase = {
        "epochs": epochs,
        "optimiser": {"name": "adam"},
        "schedule": {"name": "cosine", "rate": 0.01},
        "augment": {"rotation": 8, "offset": 0.05, "scale": [0.9, 1.1]},
    }
    net = {"name": "small_conv", "options": {"width": 16, "stages": 2}}
    return from_json({"name": "digits", "net": net, "data": {"channels": 1}, "phases": [phase], "predict": {"tta": ["plain", "random"]}})


def run(tiny: bool) -> Finding:
    """Run all folds in this process, from decoded images to joined predictions; reading the data counts too."""
    chosen = recipe(1 if tiny else EPOCHS)
    with tempfile.TemporaryDirectory() as name, one_thread():
        folder = Path(name)
        data = lay_out_digits(folder / "data", rows=300 if tiny else 1797)
        started = time.perf_counter()
        dataset = read_dataset(data, data / "folds.csv", chosen, folder / "store", processes=1)
        job = Job(recipe=chosen, dataset=dataset, out=folder / "run", plan=Plan(), report=nobody, request=StopRequest())
        scores = run_job(job)["scores"]
        seconds = time.perf_counter() - started
        said = read_predictions(folder / "run" / "tta" / "oof.npz")
    accuracy = scores["tta"]["accuracy_score"]
    again = accuracy_score(dataset.truth, said.rows(dataset.train_ids))
    return Finding(
        seconds=seconds,
        met=accuracy >= LEAST and seconds <= MOST_SECONDS,
        check=Check(again == accuracy, f"the file of predictions, read again, gives the accuracy {again:.4f}"),
        data=f"{len(dataset.train_ids):,} real scans of 8 px that come with scikit-learn; one thread",
        figures={
            "oof_accuracy": accuracy,
            "oof_log_loss": scores["tta"]["multiclass_log_loss"],
            "one_crop_accuracy": scores["1crop"]["accuracy_score"],
        },
    )
