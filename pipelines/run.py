"""A whole run: every fold and seed trained, predicted, averaged and joined; started again it goes on where it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipelines import outputs, record
from pipelines.assembling import Job, make_learner, make_setting
from pipelines.averaging import Weights
from pipelines.checkpoints import write_file, write_tensors
from pipelines.choosing import check_choice, chosen_nets
from pipelines.curves import read_history, write_curves
from pipelines.errors import PackageMissing
from pipelines.loop import Training
from pipelines.metrics import METRICS, OWN, metric_for
from pipelines.plan import computes_in
from pipelines.predictions import read_predictions
from pipelines.profiling import write_trace
from pipelines.recipe_toml import as_json
from pipelines.tta import views_of

DONE = "done.json"


def run(job: Job, folds: Sequence[int] = ()) -> record.Record:
    """Train and predict these folds (none named: all) and return the run's record; when all folds are there, join them.

    Raises PipelineError and its kinds, and Stopped once the state is saved, if somebody asked.
    """
    recipe, dataset = job.recipe, job.dataset
    check_choice(recipe, dataset.task)
    views_of(recipe.predict.tta, recipe.phases[-1].size, recipe.phases[-1].augment)  # an unknown view is an error before days of training
    wanted = list(folds) or list(range(dataset.folds.count))
    for fold in wanted:
        dataset.rows(fold)  # a fold that is not there is an error before anything is trained
    made, folders = record.make_record(recipe, dataset, job.plan), {fold: job.fold_folder(fold) for fold in range(dataset.folds.count)}
    for folder in (job.out, *folders.values()):
        record.require_same(folder, record.read_record(folder) or made, made)
    tell_precision(job)
    left = [fold for fold in wanted if not is_done(job, fold)]
    kept: dict[int, record.Record] = {}

    def claim(group: Sequence[int]) -> None:
        """Write the records of folds that begin: from then on the folder is this run's, and another is refused."""
        fresh = [fold for fold in group if fold in left and fold not in kept]
        kept.update({fold: record.begin(folders[fold], made) for fold in fresh})
        if fresh:
            record.gather(job.out, made, folders, {})

    for number in range(recipe.seeds):
        for group in [wanted] if job.plan.side_by_side else [[fold] for fold in wanted]:
            train_and_predict(job, group, recipe.seed + number, claim)
    claim(left)
    for fold in left:
        outputs.average_seeds(dataset, recipe, folders[fold], fold)
        record.write(folders[fold], kept[fold] | {"seconds": _seconds(job, fold)})
    whole = record.gather(job.out, made, folders, join(job, folders))
    job.report({"event": "done", "out": str(job.out), "scores": whole["scores"]})
    return whole


def tell_precision(job: Job) -> None:
    """Say once which precision is not computed in here, though the recipe asks for it."""
    asked = {phase.precision for phase in job.recipe.phases}
    for precision in sorted(asked):
        got = computes_in(precision, torch.device(job.plan.device))
        if got != precision:
            job.report({"event": "note", "detail": f"this processor has no instructions for {precision}: computing in {got}"})


def seed_is_done(job: Job, fold: int, seed: int) -> bool:
    """Tell whether one training of a fold is over and has predicted."""
    return (job.seed_folder(fold, seed) / DONE).exists()


def is_done(job: Job, fold: int) -> bool:
    """Tell whether nothing is left to do for a fold."""
    seeds = range(job.recipe.seed, job.recipe.seed + job.recipe.seeds)
    parts = [outputs.part_path(job.fold_folder(fold), variant, outputs.OOF) for variant in outputs.variants(job.recipe)]
    return all(seed_is_done(job, fold, seed) for seed in seeds) and all(path.exists() for path in parts)


def join(job: Job, folders: Mapping[int, Path]) -> dict[str, Any]:
    """Put the folds together once all are there, draw the curves, and return the scores."""
    if not all(outputs.part_path(folder, outputs.PLAIN, outputs.OOF).exists() for folder in folders.values()):
        return {}
    outputs.join_run(job.dataset, job.recipe, folders, job.out)
    draw(job)
    return score_run(job)


def draw(job: Job) -> None:
    """Draw the curves of all trainings; on a machine without plotly say so and go on."""
    seeds = range(job.recipe.seed, job.recipe.seed + job.recipe.seeds)
    trainings = [(fold, seed) for fold in range(job.dataset.folds.count) for seed in seeds]
    names = {f"fold {fold}" + (f", seed {seed}" if job.recipe.seeds > 1 else ""): (fold, seed) for fold, seed in trainings}
    try:
        write_curves(job.out, {name: read_history(job.seed_folder(*one) / "metrics.jsonl") for name, one in names.items()})
    except PackageMissing as error:
        job.report({"event": "note", "detail": error.detail})


def train_and_predict(job: Job, folds: Sequence[int], seed: int, claim: Callable[[Sequence[int]], None]) -> None:
    """Bring the nets of these folds to the end and predict with them; what is done already is not done again.

    claim: called with the folds once all that a recipe can ask for in vain has been looked for, and nothing has been written yet.
    """
    if all(seed_is_done(job, fold, seed) for fold in folds):
        return
    if job.profile:
        # a copy of the training is looked at, so that the profiler's calls change nothing
        probe = replace(job, out=job.out / "profile")
        path = write_trace(Training(make_setting(probe, folds, seed), make_learner(probe, folds, seed)), job.seed_folder(folds[0], seed))
        job.report({"event": "profiled", "path": str(path)})
    training = Training(make_setting(job, folds, seed), make_learner(job, folds, seed))
    claim(folds)
    training.run()
    begun = time.monotonic()
    for place, fold in enumerate(folds):
        nets = chosen_nets(training, place)
        for name, weights in nets.items():
            predict_net(job, training, place, name, weights)
        outputs.average_nets(job.dataset, job.recipe, job.seed_folder(fold, seed), fold, list(nets))
    # folds side by side share their time evenly
    shares = {"training": training.at.seconds, "saving": training.keeper.spent, "predicting": time.monotonic() - begun}
    told = {f"{name}_seconds": seconds / len(folds) for name, seconds in shares.items()}
    for fold in folds:
        write_file(job.seed_folder(fold, seed) / DONE, json.dumps(told).encode())
    training.keeper.clear()


def predict_net(job: Job, training: Training, place: int, name: str, weights: Weights) -> None:
    """Write a net's weights, and what it says of every part in every variant."""
    setting, recipe = training.setting, job.recipe
    fold, phase = setting.feeds[place].fold, recipe.phases[-1]
    folder = setting.folders[place] / outputs.NETS / name
    parts = outputs.parts_of(job.dataset, fold, job.train_predictions)
    for variant, names in outputs.variants(recipe).items():
        views = views_of(names, phase.size, phase.augment)
        for part, rows in parts.items():
            path = outputs.part_path(folder, variant, part)
            if not path.exists():
                values = setting.judge.predict(training.learner.net, weights, rows, views, recipe.predict.mean, phase.precision)
                outputs.write_values(path, job.dataset, rows.tolist(), values)
                setting.tell("predicted", fold=fold, net=name, variant=variant, part=part, rows=len(rows), views=len(views))
    write_tensors(folder / "weights.safetensors", weights, {"recipe": as_json(recipe), "fold": fold, "classes": job.dataset.classes})


def score_run(job: Job) -> dict[str, Any]:
    """Return each variant's out-of-fold score by the competition's metric, where it can be followed, and by the task's own."""
    dataset = job.dataset
    names = dict.fromkeys([metric_for(dataset.metric, dataset.task).name, OWN[dataset.task]])
    scores = {}
    for variant in outputs.variants(job.recipe):
        said = read_predictions(outputs.part_path(job.out, variant, outputs.OOF)).rows(dataset.train_ids)
        truth, said = dataset.truth[dataset.learns], np.asarray(said)[dataset.learns]
        scores[variant] = {name: METRICS[name].function(truth, said) for name in names}
    return scores


def _seconds(job: Job, fold: int) -> float:
    seeds = range(job.recipe.seed, job.recipe.seed + job.recipe.seeds)
    told = [json.loads((job.seed_folder(fold, seed) / DONE).read_text()) for seed in seeds]
    return float(sum(one["training_seconds"] + one["predicting_seconds"] for one in told))
