"""What a run leaves for the team: predictions by net, seed, fold and variant, each made of the ones below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipelines.data import Dataset
from pipelines.joining import average, join_folds
from pipelines.predictions import Form, Predictions, read_predictions, write_predictions
from pipelines.recipe import Recipe

PLAIN, TTA = "1crop", "tta"
OOF, TEST, TRAIN = PARTS = ("oof", "test", "train")
"""`train` is a fold's net on the rows it learnt from: for a student of the same fold, and never to be uploaded."""
NETS = "nets"


def variants(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Return the names of views behind each variant: one plain look, and where the recipe has any, its views."""
    return {PLAIN: ("plain",), TTA: recipe.predict.tta} if recipe.predict.tta else {PLAIN: ("plain",)}


def part_path(folder: Path, variant: str, part: str) -> Path:
    """Return where a part lies: FOLDER/VARIANT/PART.npz."""
    return folder / variant / f"{part}.npz"


def parts_of(dataset: Dataset, fold: int, train: bool) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the rows of each part of a fold; test rows are counted on from the last train row."""
    learnt, held = dataset.rows(fold)
    parts = {OOF: held}
    if dataset.test_ids:
        parts[TEST] = np.arange(len(dataset.test_ids)) + len(dataset.train_ids)
    return parts | ({TRAIN: learnt} if train else {})


def form_of(dataset: Dataset, rows: Sequence[int]) -> Form:
    """Return what predictions of these rows must hold."""
    ids = dataset.train_ids + dataset.test_ids
    return Form(dataset.task, tuple(ids[row] for row in rows), dataset.classes)


def write_values(path: Path, dataset: Dataset, rows: Sequence[int], values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    """Judge values by the contract and write them; raise PredictionInvalid."""
    form = form_of(dataset, rows)
    write_predictions(path, Predictions(form.ids, form.columns, values), form)


def average_nets(dataset: Dataset, recipe: Recipe, seed_folder: Path, fold: int, names: Sequence[str]) -> None:
    """Write the mean over some of a training's nets. Needs no net: each net's own predictions lie in its folder."""
    _average([seed_folder / NETS / name for name in names], seed_folder, dataset, recipe, fold, recipe.predict.mean)


def average_seeds(dataset: Dataset, recipe: Recipe, fold_folder: Path, fold: int) -> None:
    """Write the mean over a fold's seeds."""
    folders = [fold_folder / f"seed-{recipe.seed + number}" for number in range(recipe.seeds)]
    _average(folders, fold_folder, dataset, recipe, fold, recipe.predict.mean)


def _average(folders: Sequence[Path], target: Path, dataset: Dataset, recipe: Recipe, fold: int, mean: str) -> None:
    for variant in variants(recipe):
        for part, rows in parts_of(dataset, fold, train=True).items():
            paths = [part_path(folder, variant, part) for folder in folders]
            if part == TRAIN and not all(path.exists() for path in paths):
                continue
            values = average([read_predictions(path) for path in paths], dataset.task, mean)
            write_predictions(part_path(target, variant, part), values, form_of(dataset, rows.tolist()))


def join_run(dataset: Dataset, recipe: Recipe, fold_folders: Mapping[int, Path], out: Path) -> None:
    """Write the whole run's predictions in every variant."""
    for variant in variants(recipe):
        join_variant(dataset, variant, fold_folders, out)


def join_variant(dataset: Dataset, variant: str, fold_folders: Mapping[int, Path], out: Path) -> None:
    """Write one variant of the whole run: out of fold the folds together, of the test rows their plain mean, as the server takes it."""
    parts = {fold: read_predictions(part_path(folder, variant, OOF)) for fold, folder in fold_folders.items()}
    whole = join_folds(parts, dataset.folds, dataset.train_ids)
    write_predictions(part_path(out, variant, OOF), whole, Form(dataset.task, dataset.train_ids, dataset.classes))
    if dataset.test_ids:
        tested = [read_predictions(part_path(folder, variant, TEST)) for folder in fold_folders.values()]
        mean = average(tested, dataset.task, "arithmetic")
        write_predictions(part_path(out, variant, TEST), mean, Form(dataset.task, dataset.test_ids, dataset.classes))
