"""Competitions, ensembles and submissions from Python: what is sent, waited for and written."""

import httpx
import pytest
from stackyard.errors import (
    Cancelled,
    DigestMismatch,
    InvalidRequest,
    NameTaken,
    RebuildDiffers,
    RecipeInvalid,
    SpecInvalid,
    WorkerLost,
    WrongState,
)

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


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "train.csv").write_text("id,label\n")
    (tmp_path / "sample.csv").write_text("id,a,b\n")
    path = tmp_path / "tiny.toml"
    path.write_text(SPEC)
    return path


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


def test_a_taken_name_is_raised_as_such(client, server, spec):
    body = {"error": "NameTaken", "detail": "expected a new slug, got 'tiny'"}
    server.breakages = [None] * 4 + [lambda _: httpx.Response(409, json=body)]
    with pytest.raises(NameTaken):
        client.create_competition(spec)
