"""Every small sibling of a member's recipe trains, sees its views and leaves predictions, on a few made images."""

import csv
from pathlib import Path

import numpy as np
import pytest

from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.plan import Plan
from pipelines.predictions import read_predictions
from pipelines.progress import nobody
from pipelines.recipe_toml import but, read_recipe
from pipelines.run import run
from pipelines.stopping import StopRequest

SMALL = sorted((Path(__file__).resolve().parents[2] / "members").glob("*/*-small.toml"))
TRAIN, TEST, SIDE = 24, 3, 40
DATA_TOML = """
task = "multiclass"
id_column = "id"
labels = "labels.csv"
label_column = "kind"
sample_submission = "sample_submission.csv"
[images]
train = "images.npz"
test = "images.npz"
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Data folders by the number of channels: images of two kinds, dark and bright, and two folds."""
    found = {channels: tmp_path_factory.mktemp(f"channels-{channels}") for channels in (1, 3)}
    for channels, folder in found.items():
        lay_out(folder, channels)
    return found


@pytest.mark.parametrize("path", SMALL, ids=[f"{path.parent.name}/{path.stem}" for path in SMALL])
def test_a_small_sibling_leaves_predictions(path, folders, tmp_path):
    recipe = but(read_recipe(path), **{"phases.*.epochs": 1, "phases.*.batch": 6})
    folder = folders[recipe.data.channels]
    dataset = read_dataset(folder, folder / "folds.csv", recipe, store=folder / "store", processes=1)
    run(Job(recipe=recipe, dataset=dataset, out=tmp_path, plan=Plan(), report=nobody, request=StopRequest()), [0])

    variants = {part.parent.name: read_predictions(part) for part in tmp_path.glob("fold-0/*/oof.npz")}
    plain, views = variants["1crop"], variants["tta"]
    assert set(plain.ids) == {dataset.train_ids[row] for row in dataset.rows(0)[1]}
    assert not np.array_equal(plain.values, views.values)
    assert read_predictions(tmp_path / "fold-0" / "tta" / "test.npz").ids == dataset.test_ids


def lay_out(folder, channels):
    ids, kinds = [f"i{row}" for row in range(TRAIN + TEST)], ["dark", "bright"] * TRAIN
    noise = np.random.default_rng(0).integers(0, 128, (TRAIN + TEST, SIDE, SIDE, channels), dtype=np.uint8)
    bright = np.arange(TRAIN + TEST)[:, None, None, None] % 2 * 127
    np.savez(folder / "images.npz", id=ids, image=(noise + bright).astype(np.uint8))
    write(folder / "labels.csv", ("id", "kind"), zip(ids[:TRAIN], kinds, strict=False))
    write(folder / "folds.csv", ("id", "fold"), ((name, row // 2 % 2) for row, name in enumerate(ids[:TRAIN])))
    write(folder / "sample_submission.csv", ("id", "dark", "bright"), ((name, 0.5, 0.5) for name in ids[TRAIN:]))
    (folder / "data.toml").write_text(DATA_TOML)


def write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
