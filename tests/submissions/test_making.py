"""From a prediction to the host's file, byte for byte."""

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import fbeta_score
from stackyard.predictions.models import Prediction, PredictionState
from stackyard.scoring.services import score_prediction
from stackyard.storage.queries import load_array
from stackyard.submissions import tasks
from stackyard.submissions.models import Submission

from tests.ensembles.yard import keep_prediction, open_competition, predictions_of, subject

NO_WAIT = {"headers": {"Prefer": "wait=0"}}


def error_of(answer):
    return answer.status_code, answer.json()["error"]


def ids_of(name):
    return [f"row-{row}" for row in np.flatnonzero(subject(name).is_test)]


def expected_csv(header, rows):
    return "".join(line + "\n" for line in [header, *rows]).encode()


def test_a_submission_answers_with_its_file_built(world, iris, submit, eager_tasks):
    answer = submit()
    made = answer.json()

    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/submissions/{made['id']}"
    assert (made["number"], made["state"], made["rows"], made["owner"]) == (1, "built", 30, "member")
    assert made["prediction"] == {
        "id": iris.predictions.get().pk,
        "name": "line",
        "version": 1,
        "owner": "member",
        "level": 1,
        "score": iris.predictions.get().score,
    }
    assert (made["public_score"], made["private_score"]) == (None, None)


@pytest.mark.once
def test_probability_columns_are_written_as_the_sample_has_them(world, iris, submit, file_of, eager_tasks):
    data = file_of(submit().json())

    probabilities = predictions_of("iris", "line")[1]
    rows = [",".join([name, *(f"{value:.9g}" for value in row)]) for name, row in zip(ids_of("iris"), probabilities.tolist(), strict=True)]
    assert data == expected_csv("id,setosa,versicolor,virginica", rows)


@pytest.mark.once
def test_the_samples_columns_may_have_another_order(world, submit, file_of, eager_tasks):
    competition = open_competition(world.admin, "iris")
    sample = {**competition.sample, "header": ["virginica", "id", "setosa", "versicolor"]}
    type(competition).objects.update(sample=sample)
    keep_prediction(world.member, competition, "line")
    data = file_of(submit().json())

    probabilities = predictions_of("iris", "line")[1][:, [2, 0, 1]].tolist()
    rows = [f"{a:.9g},{name},{b:.9g},{c:.9g}" for name, (a, b, c) in zip(ids_of("iris"), probabilities, strict=True)]
    assert data == expected_csv("virginica,id,setosa,versicolor", rows)


@pytest.mark.once
def test_a_tag_column_holds_what_the_decision_fitted_on_all_rows_says(world, submit, file_of, eager_tasks):
    competition = open_competition(world.admin, "tags")
    prediction = keep_prediction(world.member, competition, "line")
    score_prediction(prediction, decision="thresholds")
    made = submit(slug="tags").json()
    data = file_of(made)

    thresholds = np.array(made["lineage"]["decision"]["parameters"]["thresholds"])
    oof, test = predictions_of("tags", "line")
    names = np.array(["even", "large", "prime", "zero"])
    rows = [f"{name},{' '.join(names[row])}" for name, row in zip(ids_of("tags"), test >= thresholds, strict=True)]
    assert data == expected_csv("id,tags", rows)
    # the thresholds are those that are best on the out-of-fold rows, and better there than a half
    truth = subject("tags").truth[~subject("tags").is_test]
    in_sample = fbeta_score(truth, oof >= thresholds, beta=2, average="samples", zero_division=1)
    assert in_sample == pytest.approx(prediction.score_row.in_sample)
    assert in_sample > fbeta_score(truth, oof >= 0.5, beta=2, average="samples", zero_division=1)


@pytest.mark.once
def test_labels_are_written_by_name(world, submit, file_of, eager_tasks):
    competition = open_competition(world.admin, "iris", metric="accuracy_score", higher_is_better=True)
    names = competition.classes
    sample = {
        "kind": "labels",
        "id_column": "id",
        "header": ["id", "species"],
        "columns": ["species"],
        "classes": names,
        "label_names": names,
    }
    type(competition).objects.update(sample=sample)
    competition.refresh_from_db()
    keep_prediction(world.member, competition, "near")
    data = file_of(submit("near").json())

    likeliest = predictions_of("iris", "near")[1].argmax(axis=1)
    assert data == expected_csv("id,species", [f"{name},{names[k]}" for name, k in zip(ids_of("iris"), likeliest, strict=True)])


@pytest.mark.once
def test_values_of_a_regression_are_written_as_they_are(world, submit, file_of, eager_tasks):
    keep_prediction(world.member, open_competition(world.admin, "diabetes"), "line")
    data = file_of(submit(slug="diabetes").json())

    values = predictions_of("diabetes", "line")[1].tolist()
    rows = [f"{name},{value:.9g}" for name, value in zip(ids_of("diabetes"), values, strict=True)]
    assert data == expected_csv("id,progression", rows)


@pytest.mark.once
def test_the_file_comes_as_an_attachment_with_its_digest_as_etag(world, iris, submit, eager_tasks):
    made = submit().json()
    url = f"submissions/{made['id']}/file"
    answer = world.reader.get(url)

    assert answer["Content-Disposition"] == 'attachment; filename="iris-1.csv"'
    assert answer["Content-Type"] == "text/csv"
    assert answer["ETag"] == f'"{made["digest"]}"'
    assert hashlib.sha256(answer.getvalue()).hexdigest() == made["digest"]
    assert world.reader.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304


@pytest.mark.once
def test_the_lineage_names_all_that_the_bytes_depend_on(world, iris, submit, eager_tasks):
    prediction = iris.predictions.get()
    lineage = submit().json()["lineage"]

    assert lineage["contract"] == iris.contract_digest
    assert lineage["folds"] == {"digest": iris.fold_sets.get().digest, "array": iris.fold_sets.get().array_digest}
    assert lineage["test_array"] == prediction.test_digest
    assert lineage["decision"] == {"name": "none", "parameters": {}}
    assert lineage["sample"] == iris.sample
    assert {"python", "stackyard", "numpy", "polars", "scikit-learn", "torch"} <= set(lineage["software"])
    assert [(row["id"], row["oof_digest"], row["recipe"]) for row in lineage["predictions"]] == [
        (prediction.pk, prediction.oof_digest, {"model": "line"})
    ]


def test_who_does_not_wait_gets_a_place_to_look(world, iris, submit):
    answer = submit(**NO_WAIT)
    made = answer.json()

    assert (answer.status_code, made["state"], made["digest"]) == (202, "queued", "")
    assert error_of(world.reader.get(f"submissions/{made['id']}/file")) == (409, "WrongState")
    assert error_of(world.member.post(f"submissions/{made['id']}/rebuild", {})) == (409, "WrongState")
    tasks.build(made["id"])
    assert world.reader.get(answer["Location"]).json()["state"] == "built"


def test_building_twice_changes_nothing(world, iris, submit):
    made = submit(**NO_WAIT).json()
    tasks.build(made["id"])
    first = world.reader.get(f"submissions/{made['id']}").json()
    tasks.build(made["id"])

    assert world.reader.get(f"submissions/{made['id']}").json() == first


@pytest.mark.once
def test_a_file_that_cannot_be_written_is_refused_by_name_and_costs_nothing(world, iris, submit, eager_tasks):
    type(iris).objects.update(sample={**iris.sample, "header": ["id", "setosa", "unknown"]})
    Prediction.objects.update(test_digest=iris.truth_digest)
    answer = submit()

    assert answer.status_code == 422
    assert answer.json()["error"] == "ShapeMismatch"
    row = Submission.objects.get()
    assert (row.state, row.slot, row.error["error"]) == ("failed", None, "ShapeMismatch")
    assert world.reader.get("competitions/iris/quota").json()["used_today"] == 0


def test_a_prediction_is_named_by_id_name_or_owner(world, iris, submit, eager_tasks):
    key = iris.predictions.get().pk
    for name in (key, str(key), "line", "member/line"):
        assert submit(name).json()["prediction"]["id"] == key


def test_a_name_means_its_latest_scored_version(world, iris, submit, eager_tasks):
    keep_prediction(world.member, iris, "near", name="line")
    third = keep_prediction(world.member, iris, "near", name="line")
    Prediction.objects.filter(pk=third.pk).update(state=PredictionState.REJECTED, score=None)

    assert submit().json()["prediction"]["version"] == 2


def test_a_name_of_digits_goes_before_an_id(world, iris, submit, eager_tasks):
    key = iris.predictions.get().pk
    named = keep_prediction(world.member, iris, "near", name=str(key))

    assert submit(str(key)).json()["prediction"]["id"] == named.pk
    assert submit(key).json()["prediction"]["id"] == key


def test_a_name_that_two_members_use_must_say_whose(world, iris, submit, eager_tasks):
    keep_prediction(world.admin, iris, "line")

    assert error_of(submit("line")) == (409, "WrongState")
    assert submit("admin/line").json()["prediction"]["owner"] == "admin"


@pytest.mark.parametrize("name", ["lime", 10**6, "1000000", "nobody/line"])
def test_an_unknown_prediction_is_not_found(world, iris, submit, name):
    assert error_of(submit(name)) == (404, "NotFound")


@pytest.mark.once
@pytest.mark.parametrize("name", ["", None, True, 1.5, [1], {}])
def test_a_prediction_must_be_named(world, iris, submit, name):
    assert error_of(submit(name)) == (400, "InvalidRequest")


def test_a_prediction_of_another_competition_is_not_found(world, iris, submit):
    other = keep_prediction(world.member, open_competition(world.admin, "diabetes"), "line")

    assert error_of(submit(other.pk)) == (404, "NotFound")


@pytest.mark.parametrize("by", ["name", "id"])
def test_what_is_not_scored_cannot_be_submitted(world, iris, submit, by):
    Prediction.objects.update(state=PredictionState.PARTIAL, score=None)
    answer = submit("line" if by == "name" else iris.predictions.get().pk)

    assert error_of(answer) == (409, "WrongState")
    assert "partial" in answer.json()["detail"]
    assert not Submission.objects.exists()


def test_what_has_no_test_predictions_cannot_be_submitted(world, iris, submit):
    keep_prediction(world.member, iris, "near", with_test=False)

    assert error_of(submit("near")) == (409, "WrongState")


def test_the_deadline_counts_to_the_second(world, iris, submit, monkeypatch, eager_tasks):
    deadline = datetime(2026, 5, 1, 12, tzinfo=UTC)
    type(iris).objects.update(deadline=deadline)

    monkeypatch.setattr("stackyard.submissions.services.timezone.now", lambda: deadline)
    assert submit().status_code == 201
    monkeypatch.setattr("stackyard.submissions.services.timezone.now", lambda: deadline + timedelta(seconds=1))
    assert error_of(submit()) == (409, "DeadlinePassed")


@pytest.mark.once
def test_readers_and_other_teams_cannot_submit(world, iris, submit):
    assert error_of(submit(person=world.reader)) == (403, "RoleTooLow")
    assert error_of(submit(person=world.rival)) == (404, "NotFound")
    assert submit(person=world.nobody).status_code == 401


def test_another_team_finds_no_submission(world, iris, submit, eager_tasks):
    url = f"submissions/{submit().json()['id']}"

    assert error_of(world.rival.get(url)) == (404, "NotFound")
    assert error_of(world.rival.get(f"{url}/file")) == (404, "NotFound")
    assert error_of(world.rival.post(f"{url}/rebuild")) == (404, "NotFound")
    assert error_of(world.rival.patch(url, {"note": "mine"})) == (404, "NotFound")
    assert error_of(world.rival.get("competitions/iris/submissions")) == (404, "NotFound")


def test_submissions_are_listed_newest_first(world, iris, submit, eager_tasks):
    submit()
    submit()

    rows = world.reader.get("competitions/iris/submissions").json()
    assert [row["number"] for row in rows] == [2, 1]
    assert rows[0]["url"] == f"/api/v1/submissions/{rows[0]['id']}"


def test_results_are_written_down_bit_by_bit(world, iris, submit, eager_tasks):
    url = f"submissions/{submit().json()['id']}"
    world.member.patch(url, {"public_score": 0.31})
    answer = world.admin.patch(url, {"private_score": 0.35, "note": "shaken down"})

    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("public_score", "private_score", "note")} == {
        "public_score": 0.31,
        "private_score": 0.35,
        "note": "shaken down",
    }
    assert world.member.patch(url, {"public_score": None}).json()["public_score"] is None
    assert error_of(world.reader.patch(url, {"public_score": 1})) == (403, "RoleTooLow")
    assert error_of(world.member.patch(url, {})) == (400, "InvalidRequest")
    assert error_of(world.member.patch(url, {"digest": "0"})) == (400, "InvalidRequest")
    verbs = [row["verb"] for row in world.admin.get("audit").json()]
    assert verbs[:3] == ["submission result noted"] * 3
    assert "submission made" in verbs


@pytest.mark.once
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_result_must_be_a_finite_number(world, iris, submit, eager_tasks, value):
    url = f"submissions/{submit().json()['id']}"

    assert error_of(world.member.patch(url, {"public_score": value})) == (400, "InvalidRequest")


def test_the_stored_file_is_a_blob_of_the_team(world, iris, submit, eager_tasks):
    made = submit().json()

    assert world.member.head(f"blobs/{made['digest']}").status_code == 200
    assert load_array(made["lineage"]["test_array"]).shape == (30, 3)
