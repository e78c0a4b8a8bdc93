"""The client in Python: what it sends, what it waits for, what it writes."""

import io
import json
from types import SimpleNamespace

import httpx
import numpy as np
import polars as pl
import pytest
from stackyard.contract.contract import Contract
from stackyard.errors import (
    Cancelled,
    DigestMismatch,
    FoldsMismatch,
    InvalidRequest,
    NameTaken,
    RebuildDiffers,
    RecipeInvalid,
    ServerFault,
    ServerUnreachable,
    SpecInvalid,
    WorkerLost,
    WrongShape,
    WrongState,
)

from members.client import Client
from members.progress import Step

IDS = ["r1", "r2", "r3", "r4", "r5", "r6"]
VALUES = np.array([[0.25, 0.75]] * 6)
SPEC = """
slug = "tiny"
name = "Tiny"
task = "multiclass"
metric = "multiclass_log_loss"
id_column = "id"
labels = "train.csv"
label_column = "label"
sample_submission = "sample.csv"
deadline = 2026-12-31T23:59:00Z
"""


class Pandas(SimpleNamespace):
    """As much of a pandas frame as is looked at, with its ids as the index."""

    iloc = None
    index = SimpleNamespace(name="id")
    columns = ["a", "b"]

    def reset_index(self):
        return PandasColumns()


class PandasColumns:
    iloc = None
    columns = ["id", "a", "b"]

    def __getitem__(self, name):
        values = np.array(IDS, dtype=object) if name == "id" else VALUES[:, ["a", "b"].index(name)]
        return SimpleNamespace(to_numpy=lambda: values)


def uploaded(server, which="oof") -> pl.DataFrame:
    """The frame that arrived."""
    blob = server.bodies("predictions")[-1][which]["blob"]
    return pl.read_parquet(io.BytesIO(server.blobs[blob]))


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "train.csv").write_text("id,label\n")
    (tmp_path / "sample.csv").write_text("id,a,b\n")
    path = tmp_path / "tiny.toml"
    path.write_text(SPEC)
    return path


# Uploads


def test_an_upload_waits_for_its_score(client, server, oof_csv, test_csv):
    made = client.upload("tiny", name="m1", oof=oof_csv, test=str(test_csv), recipe={"net": "resnet50"}, variant="tta")
    assert (made["state"], made["score"], made["errors"]) == ("scored", 0.25, [])
    (body,) = server.bodies("predictions")
    assert (body["name"], body["variant"], body["recipe"], body["oof"]["filename"]) == ("m1", "tta", {"net": "resnet50"}, "oof.csv")
    assert server.blobs[body["oof"]["blob"]] == oof_csv.read_bytes()
    assert server.sent("POST", "predictions")[0].headers["Prefer"] == "wait=10"


def test_an_upload_that_is_not_waited_for_returns_at_once(client, server, oof_csv):
    assert client.upload("tiny", name="m1", oof=oof_csv, wait=False)["state"] == "receiving"
    assert "Prefer" not in server.requests[-1].headers


@pytest.mark.parametrize(
    "values",
    [
        pl.DataFrame({"b": VALUES[::-1, 1], "id": IDS[::-1], "a": VALUES[::-1, 0]}),
        {"id": IDS, "a": VALUES[:, 0], "b": VALUES[:, 1]},
        {"ids": IDS, "predictions": VALUES},
        (IDS, VALUES),
        VALUES,
        VALUES.astype(np.float32).tolist(),
        PandasColumns(),
        Pandas(),
    ],
    ids=["polars", "dict", "dict of arrays", "pair", "array", "lists", "pandas", "pandas with ids as its index"],
)
def test_what_lies_in_memory_arrives_as_parquet_under_the_contracts_names(client, server, values):
    assert client.upload("tiny", name="m1", oof=values)["state"] == "scored"
    frame = uploaded(server).sort("id")
    assert frame["id"].to_list() == IDS
    assert frame.select("a", "b").to_numpy().tolist() == VALUES.tolist()


def test_an_array_of_one_fold_is_in_that_folds_order(client, server):
    made = client.upload("tiny", name="m1", oof=VALUES[:2], test=VALUES[:3], fold=1)
    assert (made["state"], made["missing_folds"]) == ("partial", [0, 2])
    assert uploaded(server)["id"].to_list() == ["r2", "r5"]
    assert uploaded(server, "test")["id"].to_list() == ["t1", "t2", "t3"]


def test_an_array_of_another_length_is_refused_before_it_is_sent(client, server):
    with pytest.raises(WrongShape, match="expected an array of 6 rows"):
        client.upload("tiny", name="m1", oof=VALUES[:5])
    assert server.sent("PUT") == []


def test_a_refused_file_is_an_outcome_with_its_errors(client, oof_csv, write, tmp_path):
    made = client.upload("tiny", name="m1", oof=write(tmp_path / "bad.csv", IDS[:5]), test=oof_csv)
    assert made["state"] == "rejected"
    found = [(error["error"], error["file"]) for error in made["errors"]]
    assert found == [("MissingIds", "oof"), ("MissingIds", "test"), ("UnknownIds", "test")]


def test_a_refused_fold_is_rejected_although_the_prediction_waits_for_others(client, write, tmp_path):
    made = client.upload("tiny", name="m1", oof=write(tmp_path / "bad.csv", ["r2"]), fold=1)
    assert (made["state"], made["errors"][0]["error"]) == ("rejected", "MissingIds")


def test_an_upload_says_which_folds_were_taken(client, server, oof_csv):
    client.upload("tiny", name="m1", oof=oof_csv)
    client.folds("tiny")
    client.upload("tiny", name="m1", oof=oof_csv)
    first, second = server.bodies("predictions")
    assert "folds" not in first
    assert second["folds"] == client.contract("tiny").folds_digest


def test_predictions_made_on_other_folds_are_refused(client, oof_csv):
    with pytest.raises(FoldsMismatch):
        client.upload("tiny", name="m1", oof=oof_csv, folds="0" * 64)


def test_a_recipe_may_be_a_file(client, server, oof_csv, tmp_path):
    (tmp_path / "recipe.json").write_text('{"epochs": 5}')
    client.upload("tiny", name="m1", oof=oof_csv, recipe=tmp_path / "recipe.json")
    assert server.bodies("predictions")[0]["recipe"] == {"epochs": 5}
    (tmp_path / "recipe.json").write_text("[5]")
    with pytest.raises(InvalidRequest, match="expected a JSON object in the recipe"):
        client.upload("tiny", name="m1", oof=oof_csv, recipe=tmp_path / "recipe.json")


def test_progress_tells_of_reading_sending_and_waiting(client, oof_csv):
    steps: list[Step] = []
    client.upload("tiny", name="m1", oof=oof_csv, progress=steps.append)
    sentences = list(dict.fromkeys(step.sentence for step in steps))
    assert sentences[:2] == ["reading oof.csv", "sending oof.csv"]
    assert sentences[-1] == "the server reads and scores m1 (scored)"


# Contracts, folds, checks


def test_ids_are_fetched_once(client, server):
    assert client.contract("tiny").train_ids.to_list() == IDS
    client.contract("tiny")
    assert [request.url.params.get("ids") for request in server.sent("GET", "contract")] == [None, "true", None]


def test_ids_are_fetched_again_when_the_folds_are_others(client, server):
    before = client.contract("tiny").folds_digest
    same = {name: getattr(server.contract, name) for name in ("slug", "task", "metric", "id_column", "classes", "train_ids", "test_ids")}
    server.contract = Contract(**same, folds=[0, 0, 1, 1, 2, 2])
    assert client.contract("tiny").folds_digest == server.contract.folds_digest != before


def test_another_team_never_sees_a_kept_contract(client, server, refused):
    client.contract("tiny")
    server.breakages = [refused] * 9
    other = Client("http://server.test", "other-token", transport=httpx.MockTransport(server.answer), sleep=lambda _: None)
    with pytest.raises(ServerUnreachable):
        other.check("tiny", VALUES)


@pytest.mark.parametrize("shape", ["csv", "positions", "lists"])
def test_folds_are_held_against_their_digest_in_every_shape(client, server, shape):
    folds = client.folds("tiny", shape)
    assert folds["digest"] == client.contract("tiny").folds_digest
    lists = {"train": ["r1", "r3", "r4", "r6"], "val": ["r2", "r5"]}
    assert folds["folds"][1] == {"csv": {"id": "r2", "fold": 1}, "positions": [1, 4], "lists": lists}[shape]
    other = folds["text"].replace("r2,1", "r2,2").replace("[1,4]", "[1]").replace('"val":["r2","r5"]', '"val":["r2"]')
    server.breakages = [None, lambda _: httpx.Response(200, text=other)]
    with pytest.raises(DigestMismatch):
        client.folds("tiny", shape)


def test_what_is_no_fold_file_is_a_server_fault(client, server):
    server.breakages = [None, None, lambda _: httpx.Response(200, text="<html>")]
    with pytest.raises(ServerFault, match="expected folds in the shape csv"):
        client.folds("tiny")


def test_a_check_sends_no_file_and_knows_no_score(client, server, oof_csv, test_csv):
    assert client.check("tiny", oof_csv, test_csv) == {"state": "valid", "score": None, "errors": [], "notes": []}
    assert {request.method for request in server.requests} == {"GET"}


def test_a_check_works_offline_once_the_contract_was_fetched(client, server, oof_csv, refused, pauses):
    client.check("tiny", VALUES)
    server.breakages = [refused] * 9
    found = client.check("tiny", test=oof_csv)
    assert [error["error"] for error in found["errors"]] == ["MissingIds", "UnknownIds"]
    assert found["notes"] == ["http://server.test did not answer: judged by the contract that was fetched before"]
    assert pauses == []


def test_a_check_without_contract_or_server_says_so(client, server, oof_csv, refused):
    server.breakages = [refused] * 9
    with pytest.raises(ServerUnreachable):
        client.check("tiny", oof_csv)


# Competitions


def test_a_competition_is_created_from_its_files(client, server, spec):
    made = client.create_competition(spec)
    assert made["state"] == "open"
    (body,) = server.bodies("competitions")
    assert body["spec"]["deadline"] == "2026-12-31T23:59:00+00:00"
    assert server.blobs[body["files"]["train.csv"]] == b"id,label\n"
    assert set(body["files"]) == {"train.csv", "sample.csv"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("slug", "slugg", "did you mean slug"),
        ('"train.csv"', '"other.csv"', r"expected other.csv beside tiny.toml, got no such file"),
        ('"tiny"', '"tiny', "expected TOML in"),
    ],
)
def test_a_wrong_specification_is_refused_before_anything_is_sent(client, server, spec, old, new, sentence):
    spec.write_text(SPEC.replace(old, new, 1))
    with pytest.raises(SpecInvalid, match=sentence):
        client.create_competition(spec)
    assert server.requests == []


# Ensembles


def test_an_ensemble_is_watched_until_it_is_done(client, server, tmp_path):
    (tmp_path / "recipe.toml").write_text('blend = "simplex"')
    states: list[str] = []
    made = client.ensemble("tiny", tmp_path / "recipe.toml", ["m1", "m2"], on_progress=lambda run: states.append(run["state"]))
    assert (made["score"], made["in_sample_score"], states) == (0.2, 0.1, ["queued", "running", "done"])
    assert server.bodies("ensembles") == [{"recipe": {"blend": "simplex"}, "only": ["m1", "m2"]}]


def test_a_server_that_restarts_does_not_end_the_wait(client, server, away, broken):
    server.breakages = [None, away, away, broken, away]
    assert client.ensemble("tiny")["state"] == "done"


def test_an_ensemble_fails_by_the_name_of_its_error(client, server):
    server.ensemble_states = ["queued", "failed"]
    server.ensemble_error = {"error": "RecipeInvalid", "detail": "expected a known method, got 'xgb'"}
    with pytest.raises(RecipeInvalid, match="xgb"):
        client.ensemble("tiny")
    server.ensemble_states, server.ensemble_error = ["failed"], {}
    with pytest.raises(WrongState, match="a failure without a reason"):
        client.ensemble("tiny")


def test_a_cancelled_ensemble_is_an_error(client, server):
    server.ensemble_states = ["running", "cancelled"]
    with pytest.raises(Cancelled):
        client.ensemble("tiny")


# Submissions


def test_a_submission_is_written_once_it_is_built(client, server, tmp_path):
    server.submission_states = ["queued", "queued", "built"]
    path = tmp_path / "submission.csv"
    made = client.submit("tiny", "ensemble-1", path, note="first")
    assert (made["rows"], made["path"]) == (3, str(path))
    assert path.read_bytes() == server.submission
    assert server.bodies("submissions") == [{"prediction": "ensemble-1", "note": "first"}]


def test_a_path_that_cannot_be_written_costs_no_submission(client, server, tmp_path):
    for path in (tmp_path / "absent" / "submission.csv", tmp_path):
        with pytest.raises(InvalidRequest, match="expected the path of a file in an existing folder"):
            client.submit("tiny", "ensemble-1", path)
    assert server.requests == []


def test_a_file_with_other_bytes_is_not_written(client, server, tmp_path):
    server.breakages = [None, lambda _: httpx.Response(200, content=b"cut short")]
    with pytest.raises(DigestMismatch):
        client.submit("tiny", "ensemble-1", tmp_path / "submission.csv")
    assert list(tmp_path.glob("*submission*")) == []


def test_a_submission_fails_by_the_name_of_its_error(client, server, tmp_path):
    server.submission_states = ["queued", "failed"]
    with pytest.raises(WorkerLost):
        client.submit("tiny", "ensemble-1", tmp_path / "submission.csv")


def test_a_rebuild_gives_the_same_file(client, server, tmp_path):
    assert client.rebuild(1, tmp_path / "again.csv")["digest"] == server._submission()["digest"]
    assert (tmp_path / "again.csv").read_bytes() == server.submission


def test_a_rebuild_that_takes_long_is_waited_for(client, server, tmp_path):
    server.rebuild_answer = {"id": 1, "rebuild": {"state": "queued"}}
    client.rebuild(1, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").exists()


def test_a_rebuild_that_differs_is_an_error(client, server, tmp_path):
    error = {"error": "RebuildDiffers", "detail": "expected the same bytes"}
    server.rebuild_answer = {"id": 1, "rebuild": {"state": "differs", "error": error}}
    with pytest.raises(RebuildDiffers, match="expected the same bytes"):
        client.rebuild(1, tmp_path / "again.csv")
    assert not (tmp_path / "again.csv").exists()


def test_results_are_written_down(client, server):
    assert client.result(1, public=0.3)["public_score"] == 0.3
    with pytest.raises(InvalidRequest):
        client.result(1)


# Export


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_an_export_holds_everything_with_digests(client, server, tmp_path, kind):
    server.hold_scored("m1")
    server.hold_scored("../nets/m2", owner="boris")
    made = client.export("tiny", tmp_path / "out", kind)
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    folds = {"folds.csv", "folds-positions.json", "folds-lists.json", "folds-report.json"}
    plain = {"competition.json", "contract.json", "leaderboard.json", "leaderboard.csv", "manifest.json"}
    arrays = {f"predictions/{stem}-{which}.{kind}" for stem in ("1-ada-m1-v1", "2-boris-nets_m2-v1") for which in ("oof", "test")}
    assert names == folds | plain | arrays
    assert (made["predictions"], made["files"], made["kept"]) == (2, len(names) - 1, 0)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert set(manifest["files"]) == names - {"manifest.json"}
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv}[kind]
    assert read(tmp_path / "out" / f"predictions/1-ada-m1-v1-test.{kind}").rows()[0] == ("t1", 0.5, 0.5)
    assert client.check("tiny", tmp_path / "out" / f"predictions/1-ada-m1-v1-oof.{kind}")["state"] == "valid"


def test_an_export_that_was_broken_off_goes_on(client, server, tmp_path):
    for name in ("m1", "m2", "m3"):
        server.hold_scored(name)
    lost = server.arrays.pop("2/test")
    with pytest.raises(KeyError):
        client.export("tiny", tmp_path / "out")
    server.arrays["2/test"] = lost
    damaged = tmp_path / "out" / "predictions/1-ada-m1-v1-oof.parquet"
    damaged.write_bytes(b"damaged")
    server.requests.clear()
    made = client.export("tiny", tmp_path / "out")
    assert made["kept"] == 2
    asked = [request.url.path.removeprefix("/api/v1/predictions/") for request in server.requests if "/predictions/" in request.url.path]
    assert asked == ["1/oof", "2/test", "3/oof", "3/test"]
    assert pl.read_parquet(damaged).height == 6


def test_an_array_with_other_bytes_is_not_exported(client, server, tmp_path):
    server.hold_scored("m1")
    server.arrays["1/oof"] += b"!"
    with pytest.raises(DigestMismatch):
        client.export("tiny", tmp_path / "out")


def test_a_taken_name_is_raised_as_such(client, server, spec):
    body = {"error": "NameTaken", "detail": "expected a new slug, got 'tiny'"}
    server.breakages = [None] * 4 + [lambda _: httpx.Response(409, json=body)]
    with pytest.raises(NameTaken):
        client.create_competition(spec)
