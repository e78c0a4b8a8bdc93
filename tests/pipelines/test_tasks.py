"""Every task, and whatever else data may bring, from images to joined predictions."""

import numpy as np
import pytest

from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.errors import RecipeInvalid
from pipelines.plan import Plan
from pipelines.predictions import read_predictions
from pipelines.progress import nobody
from pipelines.recipe_toml import but, from_json
from pipelines.run import run
from pipelines.stopping import StopRequest

ROWS, TESTS, FOLDS = 80, 12, 2
HEAD = 'id_column = "id"\nlabels = "labels.csv"\nsample_submission = "sample.csv"\nfeatures = "features.csv"\n'
IMAGES = '[images]\ntrain = "images.npz"\ntest = "images.npz"\nimage = "images"\nid = "ids"\n'
TASKS = {
    "binary": ('label_column = "bright"\npositive = 1\n', ("bright",)),
    "regression": ('label_column = "mean"\n', ("mean",)),
    "multilabel": ('label_columns = ["bright", "striped"]\n', ("bright", "striped")),
    "multiclass": ('label_column = "kind"\n', ("kind",)),
}


def write(path, header, rows):
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


@pytest.fixture(scope="module", params=TASKS)
def data(request, tmp_path_factory):
    """Four-channel images of 16 bits: bright or dark, striped or not."""
    task = request.param
    keys, columns = TASKS[task]
    folder = tmp_path_factory.mktemp(task)
    rng = np.random.default_rng(0)
    count = ROWS + TESTS
    bright, striped = rng.random((2, count)) < 0.5
    images = 8_000 + 20_000 * bright[:, None, None, None] + rng.normal(0, 1500, (count, 8, 8, 4))
    images[:, ::2] += 9_000 * striped[:, None, None, None]
    ids = np.array([f"i{row}" for row in range(count)])
    np.savez(folder / "images.npz", ids=ids, images=images.astype(np.uint16))
    known = {
        "bright": bright.astype(int),
        "striped": striped.astype(int),
        "mean": (images.mean((1, 2, 3)) / 1e4).round(4),
        "kind": [f"k{2 * b + s}" for b, s in zip(bright.astype(int), striped.astype(int), strict=True)],
    }
    write(folder / "labels.csv", ",".join(["id", *columns]), zip(ids[:ROWS], *(known[name][:ROWS] for name in columns), strict=True))
    write(folder / "folds.csv", "id,fold", ((name, row % FOLDS) for row, name in enumerate(ids[:ROWS])))
    write(folder / "sample.csv", "id,x", ((name, 0) for name in ids[ROWS:]))
    write(folder / "features.csv", "id,stripes", zip(ids, striped.astype(int), strict=True))
    (folder / "data.toml").write_text(f'task = "{task}"\n{HEAD}{keys}{IMAGES}')
    return folder


RECIPE = from_json(
    {
        "name": "all",
        "net": {"name": "small_conv", "options": {"width": 8, "stages": 2, "depth": 1}},
        "data": {"channels": 4, "depth": "uint16"},
        "phases": [{"epochs": 12, "batch": 8, "optimiser": {"name": "adam"}, "schedule": {"name": "cosine", "rate": 0.02}}],
        "predict": {"tta": ["d4"]},
    }
)


def scores(data, out, recipe=RECIPE):
    dataset = read_dataset(data, data / "folds.csv", recipe, data / "store", processes=1)
    job = Job(recipe=recipe, dataset=dataset, out=data / out, plan=Plan(), report=nobody, request=StopRequest())
    return dataset.task, run(job)["scores"]


def test_each_task_is_learnt_from_images_of_sixteen_bits(data):
    task, found = scores(data, "plain")
    name, least = {
        "binary": ("binary_log_loss", 0.3),
        "multilabel": ("binary_log_loss", 0.4),
        "multiclass": ("multiclass_log_loss", 0.8),
        "regression": ("rmse_loss", 0.45),
    }[task]
    said = read_predictions(data / "plain" / "tta" / "test.npz")

    assert found["tta"][name] < least
    assert len(said.ids) == TESTS
    assert said.values.shape == {"multiclass": (TESTS, 4), "multilabel": (TESTS, 2)}.get(task, (TESTS,))


@pytest.mark.slow
def test_features_mixup_and_smoothing_go_with_each_task(data):
    task, found = scores(data, "featured", but(RECIPE, **{"net.features": True, "phases.0.mixup": 0.2, "phases.0.epochs": 2}))
    smooth = but(RECIPE, **{"phases.0.smoothing": 0.1, "phases.0.epochs": 1})

    assert all(np.isfinite(list(found["tta"].values())))
    if task == "regression":
        with pytest.raises(RecipeInvalid, match="smoothing"):
            scores(data, "smooth", smooth)
    else:
        assert all(np.isfinite(list(scores(data, "smooth", smooth)[1]["tta"].values())))


@pytest.mark.parametrize("data", ["multiclass"], indirect=True)
def test_a_specialist_is_judged_on_its_own_classes(data):
    _, found = scores(data, "special", but(RECIPE, **{"data.labels": ["k0", "k3"], "phases.0.epochs": 3}))
    said = read_predictions(data / "special" / "1crop" / "oof.npz")

    assert said.columns == ("k0", "k3")
    assert len(said.ids) == ROWS
    assert np.isfinite(found["1crop"]["multiclass_log_loss"])
