"""A finished run's nets in 8 bits: a variant of the predictions where they are nearly as good, nothing where they are not."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.assembling import Job
from pipelines.cli import main
from pipelines.data import read_dataset
from pipelines.errors import ExportRefused, RunMismatch
from pipelines.export import export_int8, export_nets, refuse_if_worse
from pipelines.metrics import accuracy_score
from pipelines.plan import Plan
from pipelines.predictions import read_predictions
from pipelines.progress import nobody
from pipelines.recipe_toml import as_json, but, from_json
from pipelines.run import run
from pipelines.stopping import StopRequest
from tests.pipelines.digits import lay_out_digits

RECIPE = {
    "name": "digits",
    "net": {"name": "small_conv", "options": {"width": 8, "stages": 2, "depth": 1}},
    "data": {"channels": 1},
    "phases": [{"epochs": 8, "batch": 16, "optimiser": {"name": "adam"}, "schedule": {"rate": 0.02}, "checkpoints": 0}],
}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A finished run on 400 digits in two folds, its nets exported."""
    folder = tmp_path_factory.mktemp("export")
    data = lay_out_digits(folder / "data", rows=400, test_rows=20, folds=2)
    recipe = from_json(RECIPE)
    dataset = read_dataset(data, data / "folds.csv", recipe, store=folder / "store")
    job = Job(recipe=recipe, dataset=dataset, out=folder / "out", plan=Plan(), report=nobody, request=StopRequest())
    run(job)
    # the weights that a recipe began with need not be there any more
    (folder / "recipe.json").write_text(json.dumps(as_json(but(recipe, **{"net.weights": "gone.pth"}))))
    options = {"data": data, "folds": data / "folds.csv", "out": job.out, "store": folder / "store"}
    arguments = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    assert main(["export", str(folder / "recipe.json"), *arguments, "--threads", "1", "--json"]) == 0
    return job


def test_a_run_that_is_not_finished_is_not_exported(job, tmp_path):
    with pytest.raises(RunMismatch, match=r"expected a finished run in .*elsewhere"):
        export_nets(replace(job, out=tmp_path / "elsewhere"))
    with pytest.raises(RunMismatch, match="expected exported nets"):
        export_int8(replace(job, out=tmp_path / "elsewhere"))


def test_8_bit_nets_that_lose_too_much_leave_nothing(job):
    # a bound below 0 asks for a gain, which no rounding brings
    with pytest.raises(ExportRefused, match=r"expected accuracy_score of 8-bit nets at most -10.00% worse than 0\.\d+, got 0\.\d+"):
        export_int8(job, bound=-0.1)

    assert sorted(path.name for path in (job.out / "export").iterdir()) == ["fold-0.onnx", "fold-1.onnx"]
    assert not (job.out / "int8").exists()


def test_8_bit_nets_leave_predictions_of_their_own_that_a_team_can_use(job):
    record = export_int8(job, bound=0.02)

    plain, own = (read_predictions(job.out / variant / "oof.npz") for variant in ("1crop", "int8"))
    test = read_predictions(job.out / "int8" / "test.npz")
    assert record == json.loads((job.out / "export" / "export.json").read_text())
    assert own.ids == job.dataset.train_ids
    assert test.ids == job.dataset.test_ids
    assert 0 < np.abs(own.values - plain.values).max() < 0.5
    assert record["scores"]["int8"]["accuracy_score"] == accuracy_score(job.dataset.truth, own.values) > 0.8


def test_a_file_that_says_something_else_than_the_run_wrote_is_refused(job, tmp_path, monkeypatch):
    shutil.copytree(job.out, tmp_path / "out")
    other = job.out / "export" / "fold-1.onnx"
    monkeypatch.setattr("pipelines.export.write_onnx", lambda *given: shutil.copy(other, given[-1]))
    with pytest.raises(ExportRefused, match=r"what the run wrote for fold 0, within 0\.001"):
        export_nets(replace(job, out=tmp_path / "out"))

    assert not (tmp_path / "out" / "export" / "fold-0.onnx").exists()


def test_calibration_sees_no_row_that_is_held_out(job, monkeypatch):
    seen = {}

    def note(source, target, batches):
        seen[target.name] = sum(len(batch["images"]) for batch in batches)
        raise ExportRefused("seen enough")

    monkeypatch.setattr("pipelines.export.quantise", note)
    monkeypatch.setattr("pipelines.export.Plain.batches", lambda _, rows: asked.append(rows) or iter([{"images": rows}]))
    asked = []
    with pytest.raises(ExportRefused):
        export_int8(job, calibration_rows=50)

    learnt, held = job.dataset.rows(0)
    assert seen == {"fold-0.int8.onnx": 50}
    assert set(asked[0]) <= set(learnt)
    assert not set(asked[0]) & set(held)


@pytest.mark.parametrize(
    ("metric", "after", "refused"), [("accuracy_score", 0.89, True), ("accuracy_score", 0.9, False), ("rmse_loss", 0.91, True)]
)
def test_worse_means_worse_in_the_metric_s_own_direction(metric, after, refused):
    record = {"metric": metric, "scores": {"1crop": {metric: 0.9}, "int8": {metric: after}}, "processor": "none"}
    try:
        refuse_if_worse(record, bound=0.01)
    except ExportRefused:
        assert refused
    else:
        assert not refused


def test_nan_is_refused():
    with pytest.raises(ExportRefused):
        refuse_if_worse(
            {"metric": "rmse_loss", "scores": {"1crop": {"rmse_loss": 1.0}, "int8": {"rmse_loss": float("nan")}}, "processor": ""}, 1
        )
