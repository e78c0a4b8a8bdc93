import io
import json
import sys

import numpy as np
import polars as pl
import pytest
import tifffile
from PIL import Image

from pipelines.cli import main
from pipelines.data import read_dataset
from pipelines.data_spec import read_data_spec
from pipelines.errors import DataInvalid
from pipelines.packing import pack
from pipelines.recipe_toml import but, from_json
from tests.pipelines.digits import lay_out_digits

RECIPE = from_json({"name": "a", "net": {"name": "tiny", "features": True}, "data": {"channels": 1}, "phases": [{"epochs": 1}]})
SPEC = """
task = "multiclass"
metric = "f_beta_samples_score"
beta = 2
id_column = "id"
labels = "labels.parquet"
label_column = "kind"
classes = ["b", "ä \\"quoted\\"", "c"]
features = "features.csv"
sample_submission = "sample.csv"
[images]
train = "train.parquet"
test = "test/{id}.png"
[taxonomy]
"two words" = ["b", "c"]
"""


def png(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((3, 3), value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    (folder / "test").mkdir(parents=True)
    (folder / "data.toml").write_text(SPEC)
    (folder / "sample.csv").write_text("id,kind\nt,b\n")
    (folder / "test" / "t.png").write_bytes(png(9))
    (folder / "features.csv").write_text("id,size\nx,1\ny,2\nt,3\n")
    (folder / "folds.csv").write_text("id,fold\nx,0\ny,1\n")
    pl.DataFrame({"id": ["y", "x"], "kind": ['ä "quoted"', "b"], "more": [1, 2]}).write_parquet(folder / "labels.parquet")
    pl.DataFrame({"id": ["x", "y"], "image": [png(1), png(2)]}).write_parquet(folder / "train.parquet")
    return folder


def test_a_packed_folder_holds_the_same_data(folder, tmp_path):
    pack(folder, tmp_path / "packed")
    before, after = (read_dataset(one, folder / "folds.csv", RECIPE, store=tmp_path / "images") for one in (folder, tmp_path / "packed"))

    assert sorted(path.name for path in (tmp_path / "packed").iterdir()) == [
        *("data.toml", "features.csv", "images.npz", "labels.csv", "sample_submission.csv")
    ]
    for name in ("task", "classes", "train_ids", "test_ids", "id_column", "metric", "metric_options", "taxonomy"):
        assert getattr(after, name) == getattr(before, name)
    for name in ("train", "test"):
        np.testing.assert_array_equal(getattr(after, name).array, getattr(before, name).array)
    np.testing.assert_array_equal(after.truth, before.truth)
    np.testing.assert_array_equal(after.features.train, before.features.train)


def test_a_packed_folder_needs_no_parquet(folder, tmp_path, monkeypatch):
    pack(folder, tmp_path / "packed")
    monkeypatch.setitem(sys.modules, "polars", None)

    assert len(read_dataset(tmp_path / "packed", folder / "folds.csv", RECIPE, store=tmp_path / "images").train) == 2


def test_a_packed_tiff_needs_no_package(folder, tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 65536, (6, 5, 4), np.uint16)
    for name, image in {"x": pixels, "y": pixels[::-1], "t": pixels + 1}.items():
        tifffile.imwrite(folder / "test" / f"{name}.tif", image, photometric="minisblack", planarconfig="contig")
    (folder / "data.toml").write_text(SPEC.replace("test/{id}.png", "test/{id}.tif").replace("train.parquet", "test/{id}.tif"))
    pack(folder, tmp_path / "packed")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    recipe = but(RECIPE, **{"data.channels": 4, "data.depth": "uint16"})
    data = read_dataset(tmp_path / "packed", folder / "folds.csv", recipe, store=tmp_path / "images")

    np.testing.assert_array_equal(data.train.array, np.stack([pixels[::-1], pixels]).transpose(0, 3, 1, 2))


def test_arrays_are_packed_already(tmp_path):
    with pytest.raises(DataInvalid, match=r"arrays in .*digits\.npz, which are packed already"):
        pack(lay_out_digits(tmp_path / "digits", rows=30, folds=2), tmp_path / "packed")


def test_one_source_may_serve_train_and_test(folder, tmp_path):
    pl.DataFrame({"id": ["t", "x", "y"], "image": [png(9), png(1), png(2)]}).write_parquet(folder / "train.parquet")
    (folder / "data.toml").write_text(SPEC.replace("test/{id}.png", "train.parquet"))
    pack(folder, tmp_path / "packed")
    data = read_dataset(tmp_path / "packed", folder / "folds.csv", RECIPE, store=tmp_path / "images")

    assert (data.train.array[:, 0, 0, 0].tolist(), data.test.array[:, 0, 0, 0].tolist()) == ([2, 1], [9])


def test_a_folder_is_not_packed_onto_itself(folder):
    with pytest.raises(DataInvalid, match="expected another folder"):
        pack(folder, folder)
    assert read_data_spec(folder).labels == "labels.parquet"


def test_the_command_packs_and_says_where(folder, tmp_path, capsys):
    assert main(["pack", "--data", str(folder), "--out", str(tmp_path / "packed"), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["path"] == str(tmp_path / "packed")
    assert main(["pack", "--data", str(folder / "absent"), "--out", str(tmp_path / "packed")]) == 1
    assert capsys.readouterr().err.startswith("DataInvalid: expected a description of the data at ")
