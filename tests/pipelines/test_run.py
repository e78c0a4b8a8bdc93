"""A run from its command line to its files."""

import json
import os
import signal
import sys

import numpy as np
import pytest
from stackyard.contract.array_files import read_npz_table
from stackyard.contract.limits import Limits

from pipelines import filling
from pipelines.cli import main
from pipelines.errors import RecipeInvalid
from pipelines.joining import mean_of
from pipelines.outputs import parts_of
from pipelines.predictions import read_predictions
from pipelines.run import run
from tests.pipelines.training import TINY, change, digests, make_data, make_job

RECIPE = """
name = "tiny"
net = {name = "small_conv", options = {width = 4, stages = 2, depth = 1}}
data.channels = 1
predict = {tta = ["plain", "rotate180"]}
[[phases]]
epochs = 1
batch = 16
augment.offset = 0.1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    make_data(folder, test_rows=10)
    (folder / "recipe.toml").write_text(RECIPE)
    return folder


def words(folder, out, *more):
    data = folder / "data"
    base = [
        "run",
        folder / "recipe.toml",
        "--data",
        data,
        "--folds",
        data / "folds.csv",
        "--store",
        folder / "store",
        "--out",
        folder / out,
    ]
    return [str(word) for word in (*base, "--threads", 1, *more)]


def events(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope="module")
def done(folder):
    assert main(words(folder, "done")) == 0
    return folder / "done"


def test_a_run_tells_what_it_does_line_by_line(folder, capsys):
    assert main(words(folder, "told", "--json", "--fold", "0")) == 0
    told = events(capsys)

    assert [event["event"] for event in told] == ["epoch", *["predicted"] * 4, "done"]
    assert {"fold", "phase", "epoch", "step", "rate", "train_loss", "metric", "value"} <= set(told[0])
    assert told[-1]["scores"] == {}


def test_the_folds_parts_make_the_whole(done, folder):
    dataset = make_job(folder).dataset
    for variant in ("1crop", "tta"):
        whole = read_predictions(done / variant / "oof.npz")
        for fold in range(2):
            part = read_predictions(done / f"fold-{fold}" / variant / "oof.npz")
            np.testing.assert_array_equal(whole.rows(part.ids), part.values)
            assert part.ids == tuple(dataset.train_ids[row] for row in parts_of(dataset, fold, train=False)["oof"])
        tested = [read_predictions(done / f"fold-{fold}" / variant / "test.npz").values for fold in range(2)]
        np.testing.assert_array_equal(
            read_predictions(done / variant / "test.npz").values, mean_of(np.stack(tested), "multiclass", "arithmetic")
        )
    plain, seen = (read_predictions(done / variant / "oof.npz").values for variant in ("1crop", "tta"))
    assert np.abs(plain - seen).max() > 1e-4


def test_the_server_reads_what_a_run_writes(done):
    table = read_npz_table((done / "1crop" / "oof.npz").read_bytes(), Limits())
    said = read_predictions(done / "1crop" / "oof.npz")

    assert len(said.ids) == 120
    assert set(said.columns) <= set(table.columns)


def test_the_record_names_all_that_the_run_was_made_of(done):
    record = json.loads((done / "run.json").read_text())

    assert {"recipe", "recipe_digest", "data_digest", "folds_digest", "code_digests", "resume", "folds", "scores"} <= set(record)
    assert {"machine", "versions", "plan", "starts", "seconds", "resume"} == set(record["folds"]["1"])
    assert record["recipe"]["phases"][0]["batch"] == 16
    assert set(record["scores"]) == {"1crop", "tta"}


def test_the_curves_of_all_folds_are_drawn(done):
    page = (done / "curves.html").read_text()

    assert "fold 0" in page
    assert "metric on rows held out" in page


def test_without_plotly_the_run_says_so_and_ends_well(folder, monkeypatch):
    for name in ("plotly", "plotly.graph_objects", "plotly.subplots"):
        monkeypatch.setitem(sys.modules, name, None)
    told = []
    run(make_job(folder, out="bare", report=told.append))

    assert any("plotly" in event.get("detail", "") for event in told)
    assert not (folder / "bare" / "curves.html").exists()


@pytest.mark.slow
def test_folds_in_processes_of_their_own_make_the_same_bytes(folder, done, capsys):
    assert main(words(folder, "jobs", "--jobs", "2", "--json")) == 0
    told = events(capsys)

    assert {event["fold"] for event in told if event["event"] == "epoch"} == {0, 1}
    assert digests(folder / "jobs") == digests(done)
    assert json.loads((folder / "jobs" / "run.json").read_text())["resume"] == "identical"


@pytest.mark.slow
def test_an_error_in_a_process_of_its_own_keeps_its_name(folder, capsys):
    assert main(words(folder, "refused", "--jobs", "2", "--json", "--fold", "0", "--fold", "7")) == 1
    told = capsys.readouterr()

    assert json.loads(told.out.splitlines()[-1])["error"] == "FoldsInvalid"
    assert "FoldsInvalid: expected a fold from 0 to 1, got 7" in told.err


def test_an_error_is_one_sentence_and_exit_code_one(folder, tmp_path, capsys):
    (tmp_path / "recipe.toml").write_text('name = "x"\nnet.name = "small_conf"\ndata.channels = 1\nphases = [{epochs = 1}]')
    given = words(folder, "bad")
    given[1] = str(tmp_path / "recipe.toml")

    assert main(given) == 1
    assert "RecipeInvalid" in capsys.readouterr().err


def test_a_trace_of_some_steps_is_written_and_changes_nothing(folder, done):
    assert main(words(folder, "profiled", "--profile")) == 0
    trace = folder / "profiled" / "fold-0" / "seed-0" / "trace.json"

    assert "aten::" in trace.read_text()
    assert digests(folder / "profiled") == digests(done)


def test_train_predictions_are_written_where_asked_for(folder):
    assert main(words(folder, "taught", "--fold", "0", "--train-predictions")) == 0
    said = read_predictions(folder / "taught" / "fold-0" / "1crop" / "train.npz")

    assert len(said.ids) == 60
    assert not set(said.ids) & set(read_predictions(folder / "taught" / "fold-0" / "1crop" / "oof.npz").ids)


@pytest.fixture(scope="module")
def three(folder):
    run(make_job(folder, change(TINY, phases__0__checkpoints=2, predict__checkpoints="best3", seeds=2), out="three"))
    return folder / "three"


def test_a_fold_is_the_mean_of_its_three_best_nets(three):
    seed = three / "fold-0" / "seed-1"
    nets = sorted((seed / "nets").iterdir())
    parts = [read_predictions(net / "1crop" / "oof.npz").values for net in nets]

    assert len(nets) == 3
    np.testing.assert_allclose(read_predictions(seed / "1crop" / "oof.npz").values, mean_of(np.stack(parts), "multiclass"))


def test_all_nets_averaged_again_are_what_the_run_wrote(three, folder):
    assert main(["average-nets", str(three), "--out", str(folder / "again")]) == 0

    for part in ("oof", "test", "fold-1/oof"):
        *fold, name = part.split("/")
        pair = [read_predictions(where.joinpath(*fold) / "1crop" / f"{name}.npz") for where in (three, folder / "again")]
        assert pair[0].ids == pair[1].ids
        np.testing.assert_array_equal(pair[0].values, pair[1].values)


def test_the_best_net_alone_is_taken_by_its_loss(three, folder, capsys):
    assert main(["average-nets", str(three), "--best", "1", "--out", str(folder / "one"), "--json"]) == 0
    best = []
    for seed in (three / "fold-0" / "seed-0", three / "fold-0" / "seed-1"):
        entries = [json.loads(line) for line in (seed / "metrics.jsonl").read_text().splitlines()]
        name = min(entries, key=lambda entry: entry["judged"])["name"]
        best.append(read_predictions(seed / "nets" / name / "1crop" / "oof.npz").values)

    assert len(events(capsys)[-1]["paths"]) == 2
    np.testing.assert_array_equal(read_predictions(folder / "one/fold-0/1crop/oof.npz").values, mean_of(np.stack(best), "multiclass"))


def test_a_run_that_is_not_finished_is_not_averaged(folder, tmp_path, capsys):
    assert main(["average-nets", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "PredictionInvalid" in capsys.readouterr().err


def test_what_a_later_phase_asks_in_vain_is_an_error_at_once(folder, tmp_path):
    phase = {"epochs": 1, "trains": "heed"}
    recipe = change(TINY, phases=[{"epochs": 1000}, phase])

    with pytest.raises(RecipeInvalid, match="heed"):
        run(make_job(folder, recipe, out=str(tmp_path)), [0])
    assert list(tmp_path.iterdir()) == []  # the folder is still free for the corrected recipe


def test_sigterm_while_images_are_decoded_ends_soon_with_75(folder, tmp_path, monkeypatch, capsys):
    decode = filling._load_sized

    def ask_and_decode(*args):
        os.kill(os.getpid(), signal.SIGTERM)
        monkeypatch.setattr(filling, "_load_sized", decode)
        return decode(*args)

    monkeypatch.setattr(filling, "CHUNK", 50)
    monkeypatch.setattr(filling, "_load_sized", ask_and_decode)
    code = main(words(folder, "stopped", "--json", "--store", tmp_path))
    (told,) = events(capsys)

    assert (code, told["event"]) == (75, "stopped")
    assert "decodes them anew" in told["detail"]
    assert not (folder / "stopped").exists()
    assert not [path for path in tmp_path.iterdir() if path.suffix in {".npy", ".part"}]
