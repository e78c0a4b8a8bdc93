"""Uploads and the contract behind them: what is sent, what is judged here, what comes back."""

import io
from types import SimpleNamespace

import httpx
import numpy as np
import polars as pl
import pytest
from stackyard.contract.contract import Contract
from stackyard.errors import (
    DigestMismatch,
    FoldsMismatch,
    InvalidRequest,
    ServerFault,
    ServerUnreachable,
    WrongShape,
)

from members.client import Client
from members.progress import Step

IDS = ["r1", "r2", "r3", "r4", "r5", "r6"]
VALUES = np.array([[0.25, 0.75]] * 6)


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
