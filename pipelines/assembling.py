"""A training of some folds, put together from a recipe, data and a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from pipelines import draws
from pipelines.batches import Kitchen, Normaliser, Pixels
from pipelines.data import Dataset
from pipelines.feeds import Feed
from pipelines.metrics import metric_for
from pipelines.nets.registry import build_net
from pipelines.plan import Plan, apply
from pipelines.predicting import Judge
from pipelines.progress import Report
from pipelines.recipe import Recipe
from pipelines.setting import Saving, Setting
from pipelines.side_by_side import ManyNets
from pipelines.steps import Learner, OneNet
from pipelines.stopping import StopRequest
from pipelines.teachers import features_of, lessons_of

MOST_OF_MEMORY = 0.4
WHITE = {"uint8": 255.0, "uint16": 65535.0}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be run, and how."""

    recipe: Recipe
    dataset: Dataset
    out: Path
    plan: Plan
    report: Report
    request: StopRequest
    saving: Saving = field(default_factory=Saving)
    train_predictions: bool = False
    """Also predict the rows that each net learnt from, for students."""
    profile: bool = False
    """Write a trace of some steps."""
    dtype: torch.dtype = torch.float32

    def fold_folder(self, fold: int) -> Path:
        """Return where a fold's predictions lie."""
        return self.out / f"fold-{fold}"

    def seed_folder(self, fold: int, seed: int) -> Path:
        """Return where one training of a fold lies."""
        return self.fold_folder(fold) / f"seed-{seed}"


def make_setting(job: Job, folds: Sequence[int], seed: int) -> Setting:
    """Return what a training of these folds needs."""
    recipe, dataset, device = job.recipe, job.dataset, apply(job.plan)
    whole = job.plan.pixels_on_device and fits(dataset.train.array.nbytes, device)
    pixels = Pixels(dataset.train, len(dataset.train), dataset.test, device, whole, pays_to_read_ahead(device, whole))
    normalise = normaliser(recipe, dataset, device)
    kitchen = Kitchen(pixels, normalise, dataset.task, len(dataset.classes), seed, job.dtype)
    judge = Judge(
        pixels=pixels,
        normalise=normalise,
        features=features_of(dataset, recipe, device),
        task=dataset.task,
        device=device,
        request=job.request,
        batch=recipe.predict.batch,
        channels_last=job.plan.channels_last,
        dtype=job.dtype,
    )
    folders = [job.seed_folder(fold, seed) for fold in folds]
    return Setting(
        recipe=recipe,
        metric=metric_for(dataset.metric, dataset.task),
        truth=dataset.truth,
        learns=dataset.learns,
        kitchen=kitchen,
        judge=judge,
        feeds=[make_feed(job, fold, seed, device) for fold in folds],
        folders=folders,
        folder=folders[0] if len(folders) == 1 else job.out / "side-by-side" / f"seed-{seed}",
        rows=min(len(dataset.rows(fold)[0]) for fold in range(dataset.folds.count)),
        report=job.report,
        request=job.request,
        saving=job.saving,
    )


def fits(size: int, device: torch.device) -> bool:
    """Tell whether so many bytes leave a device enough room to train."""
    return device.type != "cuda" or size <= MOST_OF_MEMORY * torch.cuda.mem_get_info(device)[0]


def pays_to_read_ahead(device: torch.device, whole: bool) -> bool:
    """Tell whether a thread should read the next images: for a GPU that cannot hold them all; on a CPU it would take from training.

    It changes no bit, so it stands in no record.

    >>> pays_to_read_ahead(torch.device("cuda"), whole=False), pays_to_read_ahead(torch.device("cpu"), whole=False)
    (True, False)
    """
    return device.type == "cuda" and not whole


def make_feed(job: Job, fold: int, seed: int, device: torch.device) -> Feed:
    """Return one fold's rows and what they are learnt as."""
    rows, held = job.dataset.rows(fold)
    lessons, pseudo = lessons_of(job.dataset, job.recipe, fold, device)
    return Feed(fold, seed, rows, held, lessons, pseudo)


def normaliser(recipe: Recipe, dataset: Dataset, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return what images pass before the net, as data.normalise says."""
    channels = dataset.train.shape[0]
    mean, deviation = torch.zeros(channels), torch.ones(channels)
    if recipe.data.normalise == "unit":
        deviation = deviation * WHITE[recipe.data.depth]
    elif recipe.data.normalise == "data":
        mean, deviation = torch.from_numpy(dataset.train.mean).float(), torch.from_numpy(dataset.train.deviation).float()
    return Normaliser(mean.view(1, -1, 1, 1).to(device), deviation.view(1, -1, 1, 1).to(device))


def make_net(job: Job, fold: int, seed: int) -> nn.Module:
    """Return a fold's net with its first weights, on the device; each fold and seed has others, where they are random."""
    recipe, dataset = job.recipe, job.dataset
    channels, high, wide = dataset.train.shape
    size = recipe.phases[-1].size or (high if high == wide else 0)
    features = len(dataset.features.names) if recipe.net.features and dataset.features is not None else 0
    draws.seed_step(seed, -1, fold)
    net = build_net(recipe.net, len(dataset.classes), channels, size, features, recipe.folder)
    return net.to(job.plan.device, job.dtype)


def make_learner(job: Job, folds: Sequence[int], seed: int) -> Learner:
    """Return the nets of these folds, ready to begin a phase."""
    nets = [make_net(job, fold, seed) for fold in folds]
    task, device = job.dataset.task, torch.device(job.plan.device)
    if len(nets) > 1:
        return ManyNets(nets, task, device, job.plan.channels_last)
    return OneNet(nets[0], task, device, job.plan.channels_last, job.plan.compiled)
