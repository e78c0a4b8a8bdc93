"""Competitions, entered by HTTP."""

import pytest

from tests.predictions.desk import COINS, COINS_FILES, create, put_blob

pytestmark = pytest.mark.usefixtures("eager_tasks")


def make(person, files=None, **changes):
    return create(person, {**COINS, **changes}, {**COINS_FILES, **(files or {})})


def test_a_competition_opens_with_frozen_folds(world):
    answer = make(world.admin)
    row = world.admin.get("competitions/coins").json()

    assert answer.status_code == 202
    assert (row["state"], row["train_rows"], row["test_rows"], row["classes"]) == ("open", 12, 2, ["heads"])
    assert (row["folds"]["count"], row["folds"]["made_by"], row["folds"]["seed"]) == (3, "stratified", 0)
    assert row["higher_is_better"] is False


def test_the_three_shapes_of_the_folds_agree(world):
    make(world.admin)
    csv = world.reader.get("competitions/coins/folds").content.decode().splitlines()
    positions = world.reader.get("competitions/coins/folds?shape=positions").json()
    lists = world.reader.get("competitions/coins/folds?shape=lists").json()
    by_id = dict(line.split(",") for line in csv[1:])

    assert csv[0] == "id,fold"
    assert positions["digest"] == lists["digest"] == world.reader.get("competitions/coins").json()["folds"]["digest"]
    for fold, split in enumerate(lists["folds"]):
        assert split["val"] == [f"c{row}" for row in positions["folds"][fold]] == [name for name in by_id if by_id[name] == str(fold)]
        assert sorted(split["train"] + split["val"]) == sorted(by_id)


def test_an_unknown_shape_is_refused(world):
    make(world.admin)
    assert world.reader.get("competitions/coins/folds?shape=arrow").json()["error"] == "InvalidRequest"


def test_a_slug_is_taken_only_once_a_team(world):
    make(world.admin)
    again, elsewhere = make(world.admin), make(world.rival)

    assert (again.status_code, again.json()["error"]) == (409, "NameTaken")
    assert elsewhere.status_code == 202


def test_a_rejected_competition_says_why_and_frees_its_slug(world):
    make(world.admin, {"train.csv": "id,heads\nc0,1\nc0,0\n"})
    row = world.admin.get("competitions/coins").json()

    assert row["state"] == "rejected"
    assert row["errors"][0]["error"] == "LabelsInvalid"
    assert make(world.admin).status_code == 202
    assert world.admin.get("competitions/coins").json()["state"] == "open"


@pytest.mark.once
def test_a_metric_that_does_not_fit_the_task_is_named(world):
    make(world.admin, metric="multiclass_log_loss")
    errors = world.admin.get("competitions/coins").json()["errors"]

    assert [error["error"] for error in errors] == ["UnknownMetric"]


def test_a_wrong_specification_is_refused_at_once(world):
    answer = make(world.admin, lables="train.csv")

    assert (answer.status_code, answer.json()["error"]) == (422, "SpecInvalid")
    assert "labels" in answer.json()["detail"]


def test_a_file_that_was_not_sent_is_refused(world):
    theirs = put_blob(world.rival, b"id,heads\n")
    answer = world.admin.post("competitions", {"spec": COINS, "files": {"train.csv": theirs, "sample.csv": theirs}})

    assert (answer.status_code, answer.json()["error"]) == (422, "BlobUnknown")


@pytest.mark.once
def test_a_class_with_fewer_rows_than_folds_gives_a_warning(world):
    labels = "id,heads\n" + "".join(f"c{row},{int(row < 2)}\n" for row in range(12))
    make(world.admin, {"train.csv": labels})
    row = world.admin.get("competitions/coins").json()

    assert row["state"] == "open"
    assert row["warnings"] == ["'1' has 2 rows for 3 folds: some folds hold none of it"]


def test_the_report_counts_every_class_in_every_fold(world):
    make(world.admin)
    report = world.reader.get("competitions/coins/folds/report").json()

    assert report["classes"] == ["0", "1"]
    assert report["counts"] == [[2, 2, 2], [2, 2, 2]]
    assert report["sizes"] == [4, 4, 4]


@pytest.mark.once
def test_groups_never_cross_folds(world):
    labels = "id,heads,who\n" + "".join(f"c{row},{row % 2},p{row // 3}\n" for row in range(12))
    make(world.admin, {"train.csv": labels}, folds={"count": 2, "group_column": "who"})
    lines = world.reader.get("competitions/coins/folds").content.decode().splitlines()[1:]
    folds = [line.split(",")[1] for line in lines]

    assert world.reader.get("competitions/coins").json()["folds"]["made_by"] == "grouped"
    assert all(len(set(folds[start : start + 3])) == 1 for start in range(0, 12, 3))


def test_a_given_fold_file_is_taken_as_it_is(world):
    folds = "id,fold\n" + "".join(f"c{row},{row % 4}\n" for row in range(12))
    make(world.admin, {"folds.csv": folds}, folds={"file": "folds.csv"})

    assert world.reader.get("competitions/coins/folds").content.decode() == folds


@pytest.mark.once
def test_regression_is_folded_by_quantile(world):
    labels = "id,heads\n" + "".join(f"c{row},{row * row / 7}\n" for row in range(12))
    make(world.admin, {"train.csv": labels}, task="regression", metric="rmse_loss")
    row = world.admin.get("competitions/coins").json()

    assert (row["state"], row["folds"]["made_by"]) == ("open", "quantile")


def test_the_contract_carries_ids_only_on_request(world):
    make(world.admin)
    short, long = (world.reader.get(f"competitions/coins/contract{query}").json() for query in ("", "?ids=true"))

    assert "ids" not in short
    assert long["ids"]["test"] == ["t0", "t1"]
    assert short == {key: value for key, value in long.items() if key != "ids"}


@pytest.mark.once
def test_the_histogram_draws_what_the_report_counts(world):
    make(world.admin)
    figure = world.reader.get("competitions/coins/figures/folds").json()

    assert [(bar["type"], bar["x"], bar["y"]) for bar in figure["data"]] == [("bar", ["0", "1"], [2, 2])] * 3


def test_nothing_is_uploaded_to_a_competition_that_is_not_open(world):
    make(world.admin, {"train.csv": "id,heads\nc0,1\n"})
    answer = world.member.get("competitions/coins/contract")

    assert (answer.status_code, answer.json()["error"]) == (409, "WrongState")


SKY_FILES = {
    "train.csv": "id,tags\n" + "".join(f"s{row},{'cloudy' if row % 2 else 'clear road'}\n" for row in range(12)) + "s12,clear cloudy\n",
    "sample.csv": "id,tags\nt0,clear\nt1,cloudy\n",
}
SKY = {"slug": "sky", "task": "multilabel", "metric": "f_beta_samples_score", "tags_column": "tags"}


def make_sky(person, groups):
    spec = {key: value for key, value in COINS.items() if key not in {"label_column", "label_columns", "classes", "positive"}}
    return create(person, {**spec, **SKY, "label_groups": groups}, SKY_FILES)


@pytest.mark.once
def test_rows_that_break_a_rule_between_labels_give_a_warning(world):
    rules = [{"kind": "exactly_one", "labels": ["clear", "cloudy"]}, {"kind": "excludes", "label": "cloudy", "labels": ["road"]}]
    make_sky(world.admin, rules)
    row = world.admin.get("competitions/sky").json()

    assert (row["state"], row["label_groups"]) == ("open", rules), row
    assert row["warnings"] == ["1 of 13 rows break the rule 'exactly one of clear, cloudy'"]


@pytest.mark.once
def test_a_rule_against_all_other_labels_names_none_of_them(world):
    make_sky(world.admin, [{"kind": "excludes", "label": "cloudy"}])

    assert world.admin.get("competitions/sky").json()["label_groups"] == [{"kind": "excludes", "label": "cloudy"}]


@pytest.mark.once
def test_a_rule_on_a_label_that_no_row_has_is_named(world):
    make_sky(world.admin, [{"kind": "exactly_one", "labels": ["clear", "haze"]}])
    row = world.admin.get("competitions/sky").json()

    assert row["state"] == "rejected"
    assert row["errors"][0]["error"] == "SpecInvalid"
    assert "among clear, cloudy, road, got 'haze'" in row["errors"][0]["detail"]
