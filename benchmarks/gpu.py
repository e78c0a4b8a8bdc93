"""Five folds side by side against timm's way of training one after the other: the same net, images, batch and epochs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from benchmarks.benchmark import Check
from benchmarks.data import Array
from benchmarks.trial import Finding
from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.nets.registry import build_net
from pipelines.plan import choose_plan
from pipelines.progress import nobody
from pipelines.recipe import Recipe
from pipelines.recipe_toml import from_json
from pipelines.run import run as run_job
from pipelines.stopping import StopRequest

SIDE, CLASSES, FOLDS, EPOCHS, BATCH, LEAST = 32, 10, 5, 3, 128, 20
IMAGES, TINY_IMAGES = 30_000, 400
WORK = f"{FOLDS} folds of {IMAGES:,} colour images of {SIDE} px, {EPOCHS} epochs of a net of 1.2 million parameters, judged after each"
GOAL = f"at least {LEAST} times as fast as timm's loader and loop, fold by fold, on a GPU"


def made(count: int) -> tuple[Array, Array]:
    """Return images uint8 (count, SIDE, SIDE, 3) of waves, whose direction and length tell the class (count,), under noise."""
    rng = np.random.default_rng(0)
    truth = np.arange(count) % CLASSES
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    angle, waves = np.pi * (truth % 5) / 5, 2 + 3 * (truth // 5)
    along = x * np.cos(angle)[:, None, None] + y * np.sin(angle)[:, None, None]
    bright = np.sin(2 * np.pi * (along * waves[:, None, None] + rng.random((count, 1, 1))))
    images = 128 + 60 * bright[..., None] + rng.normal(0, 40, (count, SIDE, SIDE, 3))
    return images.clip(0, 255).astype(np.uint8), truth


def recipe(tiny: bool) -> Recipe:
    """Return what both sides train."""
    phase = {
        "epochs": 1 if tiny else EPOCHS,
        "batch": 32 if tiny else BATCH,
        "precision": "fp32" if tiny else "bf16",
        "optimiser": {"name": "sgd", "nesterov": True, "decay": 1e-4},
        "schedule": {"name": "cosine", "rate": 0.05},
        "augment": {"flip": True, "crop": 0.5, "brightness": 0.2, "contrast": 0.2, "saturation": 0.2},
    }
    net = {"name": "small_conv", "options": {"width": 8 if tiny else 32, "stages": 3 if tiny else 4}}
    return from_json({"name": "gpu", "net": net, "phases": [phase]})


def lay_out(folder: Path, images: Array, truth: Array) -> None:
    """Write the images once as PNG files by class, which both sides read, with labels and folds."""
    for row, (image, label) in enumerate(zip(images, truth, strict=True)):
        path = folder / "train" / str(label) / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    lines = [f"{row},{label},{row // CLASSES % FOLDS}" for row, label in enumerate(truth)]
    (folder / "labels.csv").write_text("\n".join(["id,class", *(line.rsplit(",", 1)[0] for line in lines)]) + "\n")
    (folder / "folds.csv").write_text("\n".join(["id,fold", *(f"{row},{row // CLASSES % FOLDS}" for row in range(len(truth)))]) + "\n")
    keys = 'task = "multiclass"\nmetric = "accuracy_score"\nid_column = "id"\nlabels = "labels.csv"\nlabel_column = "class"\n'
    (folder / "data.toml").write_text(keys + '[images]\ntrain = "train/*/{id}.png"\n')


def ours(folder: Path, chosen: Recipe) -> tuple[float, float]:
    """Return seconds from PNG files to joined predictions of all folds, and the accuracy out of fold."""
    started = time.perf_counter()
    dataset = read_dataset(folder, folder / "folds.csv", chosen, folder / "store")
    plan = choose_plan(side_by_side=True)
    scores = run_job(Job(recipe=chosen, dataset=dataset, out=folder / "run", plan=plan, report=nobody, request=StopRequest()))["scores"]
    return time.perf_counter() - started, scores["1crop"]["accuracy_score"]


def theirs(folder: Path, chosen: Recipe, truth: Array, device: torch.device) -> tuple[float, float]:
    """Return seconds of one epoch of one fold as timm trains it, with its judgement, and the accuracy after it."""
    from benchmarks.timm_loop import train_fold  # noqa: PLC0415 - timm takes long to load, and only this benchmark needs it

    (phase,) = chosen.phases
    held = np.arange(len(truth)) // CLASSES % FOLDS == 0
    torch.manual_seed(0)
    net: nn.Module = build_net(chosen.net, CLASSES, 3, SIDE)
    return train_fold(net, folder / "train", held, SIDE, phase, device)


def run(tiny: bool) -> Finding:
    """Measure ours whole, and timm's first epoch of one fold, scaled to all epochs and folds."""
    images, truth = made(TINY_IMAGES if tiny else IMAGES)
    chosen, device = recipe(tiny), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, images, truth)
        seconds, accuracy = ours(folder, chosen)
        epoch_seconds, their_accuracy = theirs(folder, chosen, truth, device)
    scaled = epoch_seconds * FOLDS * chosen.phases[0].epochs
    kind = torch.cuda.get_device_name() if device.type == "cuda" else "no GPU"
    return Finding(
        seconds=seconds,
        met=device.type == "cuda" and scaled / seconds >= LEAST,
        check=Check(
            tiny or min(accuracy, their_accuracy) > 2 / CLASSES,
            f"accuracy out of fold {accuracy:.3f}; timm's on one fold after one epoch {their_accuracy:.3f}",
        ),
        data=f"{len(images):,} made images; {kind}",
        figures={"ratio": scaled / seconds, "peer": "timm's loader and loop", "peer_seconds": scaled, "oof_accuracy": accuracy},
        note=f"timm's side is one epoch of one fold ({epoch_seconds:.1f} s), scaled; on a CPU the ratio says nothing of a GPU",
    )
