"""Six real models of three members, from raw files to a submission that can be rebuilt, through the command line alone."""

import gzip

import polars as pl
import pytest

pytestmark = pytest.mark.once  # test_main_job.py does it small on the other servers

# The table in the data's README.
LOSSES = {
    "m1_roberta_large_4ep": 0.36257,
    "m2_logreg_tfidf": 0.49634,
    "m3_bert": 0.35188,
    "m4_roberta_large_6ep": 0.62227,
    "m5_roberta_large_4ep_b": 0.48700,
    "m6_roberta_mlm_combined": 0.43901,
}
OWNERS = ("mary", "edgar", "howard")


@pytest.fixture(scope="module")
def team(member_cli, spooky_files):
    clis = {name: member_cli(name, team="horror", role="admin" if name == "mary" else "member") for name in OWNERS}
    created = clis["mary"].ok("competition", "create", spooky_files / "spec.toml")
    assert created["state"] == "open"
    return clis


@pytest.fixture(scope="module")
def uploads(team, spooky_files):
    """Upload all six models, two by each member."""
    done = {}
    for number, model in enumerate(LOSSES):
        files = ("--oof", spooky_files / f"{model}_oof.parquet", "--test", spooky_files / f"{model}_test.parquet")
        done[model] = team[OWNERS[number % 3]].ok("upload", "spooky", "--name", model, *files)
    return done


@pytest.fixture(scope="module")
def ensemble(team, uploads, tmp_path_factory):
    recipe = tmp_path_factory.mktemp("recipe") / "light.toml"
    recipe.write_text('level2 = ["mean", "ridge", "logistic"]\nblend = "greedy"\n')
    return team["mary"].ok("ensemble", "spooky", "--recipe", recipe)


def test_the_raw_file_is_refused_until_its_extra_column_is_dropped(team, shared_data, tmp_path):
    raw = shared_data / "spooky-oof" / "raw" / "m1_oof_predictions.csv.gz"
    refused = team["edgar"]("upload", "spooky", "--name", "m1-raw", "--oof", raw, "--json")

    assert refused.code == 1
    assert refused.json["state"] == "rejected"
    assert [error["error"] for error in refused.json["errors"]] == ["UnknownColumns"]
    assert "true_label" in refused.json["errors"][0]["detail"]

    frame = pl.read_csv(gzip.decompress(raw.read_bytes())).drop("true_label")
    assert frame.columns[:3] == ["EAP", "HPL", "MWS"]
    frame.write_csv(tmp_path / "m1.csv")
    taken = team["edgar"].ok("upload", "spooky", "--name", "m1-raw", "--variant", "csv", "--oof", tmp_path / "m1.csv")

    assert taken["score"] == pytest.approx(LOSSES["m1_roberta_large_4ep"], abs=1e-5)


def test_pooled_log_losses_are_those_of_the_table(uploads):
    assert {name: row["score"] for name, row in uploads.items()} == pytest.approx(LOSSES, abs=1e-5)


def test_the_ensemble_beats_every_model_honestly(ensemble, uploads):
    assert ensemble["score"] < min(row["score"] for row in uploads.values())
    assert ensemble["in_sample_score"] <= ensemble["score"]
    assert sum(ensemble["weights"].values()) == pytest.approx(1)


@pytest.mark.slow
def test_the_default_ensemble_beats_the_best_of_simpler_ones(team, uploads, ensemble):
    default = team["mary"].ok("ensemble", "spooky")

    assert default["score"] <= 0.2428
    assert default["score"] < ensemble["score"]
    assert default["in_sample_score"] <= default["score"]


def test_the_ensemble_ranks_above_every_upload(team, ensemble):
    board = team["howard"].ok("board", "spooky")
    place = next(row["rank"] for row in board if row["name"] == ensemble["name"])

    assert next(row for row in board if row["name"] == ensemble["name"])["score"] == ensemble["score"]
    assert place < min(row["rank"] for row in board if row["level"] == 1)
    assert [row["score"] for row in board] == sorted(row["score"] for row in board)
    assert {"rank", "name", "owner", "level", "variant", "score", "std", "folds", "state"} <= set(board[0])


def test_the_submission_has_the_samples_rows_and_is_rebuilt_to_the_byte(team, ensemble, spooky_files, tmp_path):
    made = team["edgar"].ok("submit", "spooky", "--from", ensemble["name"], "-o", tmp_path / "submission.csv")
    again = team["howard"].ok("rebuild", made["id"], "-o", tmp_path / "again.csv")
    sample = pl.read_csv(spooky_files / "sample_submission.csv")
    frame = pl.read_csv(tmp_path / "submission.csv")

    assert made["rows"] == len(frame) == 8392
    assert frame.columns == sample.columns
    assert frame["id"].to_list() == sample["id"].to_list()
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "submission.csv").read_bytes()
    assert again["digest"] == made["digest"]


def test_predictions_made_on_other_folds_are_refused(team, spooky_files, live_stack):
    from stackyard.errors import FoldsMismatch

    from members.client import Client

    frame = pl.read_parquet(spooky_files / "m3_bert_oof.parquet")
    with Client(team["mary"].url, team["mary"].token) as client, pytest.raises(FoldsMismatch, match="expected predictions made on folds"):
        client.upload("spooky", name="elsewhere", oof=frame, folds="0" * 64)
