import json
import tomllib
from datetime import UTC, datetime

import pytest
from stackyard.contract.spec import LABEL_METRICS, METRIC_OPTIONS, FoldsSpec, parse_spec
from stackyard.errors import SpecInvalid
from stackyard.numerics.metrics import METRICS

SPOOKY = """
slug = "spooky"
name = "Spooky Author Identification"
task = "multiclass"
metric = "multiclass_log_loss"
id_column = "id"
labels = "train.csv"
label_column = "author"
sample_submission = "sample_submission.csv"
submissions_per_day = 5
deadline = 2026-12-31T23:59:00Z
[folds]
count = 10
seed = 0
"""


def spec(**changes):
    document = {**tomllib.loads(SPOOKY), **changes}
    return parse_spec({key: value for key, value in document.items() if value != "absent"})


def test_the_example_of_the_design_is_read():
    spooky = spec()
    assert (spooky.slug, spooky.task, spooky.label_column) == ("spooky", "multiclass", "author")
    assert spooky.folds == FoldsSpec(count=10, seed=0)
    assert spooky.deadline == datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert spooky.files == {"labels": "train.csv", "sample_submission": "sample_submission.csv"}


def test_a_metrics_options_stand_beside_it():
    planet = spec(task="multilabel", metric="f_beta_samples_score", beta=2, label_column="absent", tags_column="tags")
    assert planet.metric_options == {"beta": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"folds": {"file": "folds.csv"}, "deadline": "absent"},
        {"folds": {"group_column": "patient", "count": 4}, "description": "Grouped."},
        {"task": "multilabel", "label_column": "absent", "label_columns": ["x", "y"], "classes": ["y", "x"], "beta": 0.5},
        {"task": "binary", "positive": 1},
    ],
)
def test_a_specification_survives_json(changes):
    first = spec(**changes)
    assert parse_spec(json.loads(json.dumps(first.as_json()))) == first


def test_null_says_not_given():
    assert spec(deadline=None, classes=None).deadline is None


def test_a_fold_file_is_one_of_the_files():
    assert spec(folds={"file": "folds.csv"}).files["folds"] == "folds.csv"


WRONG = {
    "an unknown key, with the nearest known": ({"label_colum": "x"}, "label_colum.*did you mean label_column"),
    "an unknown key far from all": ({"zzz": 1}, "got 'zzz'.*known: slug"),
    "an unknown key of folds": ({"folds": {"cuont": 3}}, r"in \[folds\], got 'cuont'.*count"),
    "a missing key": ({"metric": "absent", "labels": "absent"}, "got none named metric, labels"),
    "a slug with capitals": ({"slug": "Spooky"}, "'Spooky'"),
    "a slug that ends in a hyphen": ({"slug": "spooky-"}, "'spooky-'"),
    "a slug of two lines": ({"slug": "spooky\n"}, "slug"),
    "an unknown task": ({"task": "ranking"}, "among binary, multiclass, multilabel, regression, got 'ranking'"),
    "a number for text": ({"id_column": 3}, "some text for id_column, got 3"),
    "empty text": ({"labels": " "}, "some text for labels"),
    "two kinds of labels": ({"tags_column": "tags"}, "exactly one of .* got label_column and tags_column"),
    "no kind of labels": ({"label_column": "absent"}, "exactly one of .* got none"),
    "tags for a multi-class task": ({"label_column": "absent", "tags_column": "t"}, "label_column for a multiclass task, got tags_column"),
    "one column for a multi-label task": ({"task": "multilabel"}, "tags_column or label_columns for a multilabel task"),
    "positive for a multi-class task": ({"positive": "EAP"}, "positive with a binary task only"),
    "classes for a regression": ({"task": "regression", "classes": ["a"]}, "classes with a multiclass or multilabel task only"),
    "a class twice": ({"classes": ["a", "a"]}, "each name once in classes"),
    "classes that are no list": ({"classes": "EAP"}, "a list of names for classes"),
    "classes other than the label columns": (
        {"task": "multilabel", "label_column": "absent", "label_columns": ["x"], "classes": ["y"]},
        "label_columns in another order, got y",
    ),
    "the id column as label": ({"label_column": "id"}, "another column than id_column, got 'id' twice"),
    "one fold": ({"folds": {"count": 1}}, "from 2 to 1000 for folds.count, got 1"),
    "folds that are text": ({"folds": "10"}, r"a table \[folds\]"),
    "a fold count of true": ({"folds": {"count": True}}, "got True"),
    "a fold file beside a count": ({"folds": {"file": "f", "count": 3}}, "file alone in .* got it beside count"),
    "no submissions": ({"submissions_per_day": 0}, "from 1 to 1000"),
    "a deadline without a time": ({"deadline": "soon"}, "2026-12-31T23:59:00Z for deadline, got 'soon'"),
    "an option that is no number": ({"beta": "two"}, "finite number that is not negative for beta"),
    "an option that is not finite": ({"beta": float("inf")}, "beta, got inf"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_specification_is_refused_with_its_key(wrong):
    changes, sentence = WRONG[wrong]
    with pytest.raises(SpecInvalid, match=sentence):
        spec(**changes)


def test_every_option_of_every_metric_can_be_written_in_a_specification():
    assert {option for metric in METRICS.values() for option in metric.options} == METRIC_OPTIONS


def test_the_metrics_that_judge_labels_are_known():
    assert {metric.name for metric in METRICS.values() if metric.needs == "labels"} == LABEL_METRICS


PLANET = {"task": "multilabel", "metric": "f_beta_samples_score", "label_column": "absent", "tags_column": "tags"}
SKIES = [
    {"kind": "exactly_one", "labels": ["clear", "cloudy"]},
    {"kind": "excludes", "label": "cloudy", "labels": ["road"]},
    {"kind": "excludes", "label": "clear"},
]


def test_rules_between_labels_are_read_and_survive_json():
    planet = spec(**PLANET, label_groups=SKIES)

    assert [group.names for group in planet.label_groups] == [("clear", "cloudy"), ("road", "cloudy"), ("clear",)]
    assert parse_spec(json.loads(json.dumps(planet.as_json()))) == planet
    assert "label_groups" not in spec().as_json()


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ({"kind": "excludes"}, "expected tables [[label_groups]]"),
        (["cloudy"], "for label_groups[0], got 'cloudy'"),
        ([SKIES[0], {"kind": "excludes", "lable": "cloudy"}], "keys kind, labels, label for label_groups[1]"),
        ([{"kind": "one_of", "labels": ["clear", "cloudy"]}], "kind among exactly_one, excludes"),
        ([{"kind": "exactly_one", "labels": ["clear"]}], "a list of 2 labels or more"),
        ([{"kind": "exactly_one"}], "a list of 2 labels or more"),
        ([{"kind": "exactly_one", "labels": ["clear", 3]}], "a list of 2 labels or more"),
        ([{"kind": "exactly_one", "labels": ["clear", "cloudy"], "label": "road"}], "absent with exactly_one"),
        ([{"kind": "excludes", "labels": ["clear"]}], "label to be one label with excludes"),
        ([{"kind": "excludes", "labels": [], "label": "clear"}], "a list of 1 labels or more"),
        ([{"kind": "excludes", "labels": ["clear"], "label": "clear"}], "each label once"),
    ],
)
def test_a_rule_that_is_none_is_named(groups, sentence):
    with pytest.raises(SpecInvalid) as refused:
        spec(**PLANET, label_groups=groups)
    assert sentence in refused.value.detail


def test_a_rule_on_unknown_labels_or_another_task_is_refused():
    with pytest.raises(SpecInvalid, match="among clear, road, got 'cloudy'"):
        spec(**PLANET, classes=["clear", "road"], label_groups=SKIES)
    with pytest.raises(SpecInvalid, match="with a multilabel task only"):
        spec(label_groups=SKIES)
