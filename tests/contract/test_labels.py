import numpy as np
import pytest
from stackyard.contract.labels import read_folds, read_labels, read_sample
from stackyard.contract.samples import Sample
from stackyard.contract.spec import parse_spec
from stackyard.errors import FoldsInvalid, LabelsInvalid, SpecInvalid

KINDS = {
    "binary": {"task": "binary", "metric": "roc_auc_score", "label_column": "y"},
    "multiclass": {"task": "multiclass", "metric": "multiclass_log_loss", "label_column": "y"},
    "regression": {"task": "regression", "metric": "rmse_loss", "label_column": "y"},
    "tags": {"task": "multilabel", "metric": "f_beta_samples_score", "tags_column": "y"},
    "columns": {"task": "multilabel", "metric": "binary_log_loss", "label_columns": ["p", "q"]},
}


def spec(kind, **changes):
    common = {"slug": "s", "name": "S", "id_column": "id", "labels": "l", "sample_submission": "s"}
    return parse_spec({**common, **KINDS[kind], **changes})


@pytest.fixture
def put(tmp_path):
    def write(*lines, name="file.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def test_two_values_are_binary_and_the_second_in_order_is_positive(put):
    labels = read_labels(put("id,text,y", '1,"a, b",yes', "2,,no", "3,,no"), spec("binary"))
    assert (labels.ids.to_list(), labels.truth.tolist()) == (["1", "2", "3"], [1, 0, 0])
    assert (labels.classes, labels.names) == (("y",), ("no", "yes"))


def test_the_positive_value_can_be_named(put):
    labels = read_labels(put("id,y", "a,1", "b,0"), spec("binary", positive=0))
    assert (labels.truth.tolist(), labels.names) == ([0, 1], ("1", "0"))


@pytest.mark.parametrize(("values", "sentence"), [("aa", "got 1: 'a'"), ("abc", "got 3: 'a', 'b', 'c'")])
def test_binary_labels_have_exactly_two_values(put, values, sentence):
    with pytest.raises(LabelsInvalid, match=sentence):
        read_labels(put("id,y", *(f"{row},{value}" for row, value in enumerate(values))), spec("binary"))


def test_the_positive_value_must_occur(put):
    with pytest.raises(LabelsInvalid, match="'maybe' in 'y', got 'no' and 'yes'"):
        read_labels(put("id,y", "a,yes", "b,no"), spec("binary", positive="maybe"))


def test_classes_are_sorted_by_value_where_they_are_numbers(put):
    labels = read_labels(put("id,y", "a,10", "b,9", "c,1"), spec("multiclass"))
    assert (labels.classes, labels.truth.tolist()) == (("1", "9", "10"), [2, 1, 0])


def test_classes_keep_the_specifications_order(put):
    labels = read_labels(put("id,y", "a,low", "b,high"), spec("multiclass", classes=["low", "middle", "high"]))
    assert (labels.classes, labels.truth.tolist()) == (("low", "middle", "high"), [0, 2])
    with pytest.raises(LabelsInvalid, match=r"only classes that the specification names, got 'odd' in row 2 \(id 'b'\)"):
        read_labels(put("id,y", "a,low", "b,odd"), spec("multiclass", classes=["low", "high"]))


def test_regression_labels_are_float64(put):
    labels = read_labels(put("id,y", "a,0.1", "b,-3"), spec("regression"))
    assert labels.truth.dtype == np.float64
    assert labels.truth.tolist() == [0.1, -3.0]


def test_tags_are_split_and_sorted(put):
    labels = read_labels(put("id,y", "a,road clear", "b,", "c,clear"), spec("tags"))
    assert (labels.classes, labels.truth.tolist()) == (("clear", "road"), [[True, True], [False, False], [True, False]])
    assert labels.has_empty_rows
    assert labels.truth.dtype == np.bool_


def test_label_columns_hold_0_and_1(put):
    labels = read_labels(put("q,id,p", "1,a,0", "1,b,1.0"), spec("columns"))
    assert (labels.classes, labels.truth.tolist()) == (("p", "q"), [[False, True], [True, True]])
    assert not labels.has_empty_rows
    with pytest.raises(LabelsInvalid, match=r"0 or 1 in 'q', got 2.0 in row 1"):
        read_labels(put("q,id,p", "2,a,0"), spec("columns"))


def test_groups_are_numbered_as_they_appear(put):
    wanted = spec("regression", folds={"group_column": "patient"})
    labels = read_labels(put("id,patient,y", "a,p9,1", "b,p2,2", "c,p9,3"), wanted)
    assert labels.groups.tolist() == [0, 1, 0]
    with pytest.raises(LabelsInvalid, match="a group in each row"):
        read_labels(put("id,patient,y", "a,,1"), wanted)


WRONG_LABELS = {
    "no column": (["id,z", "a,1"], "expected the columns id, y, got none named 'y'"),
    "no rows": (["id,y"], "expected labelled rows, got none"),
    "an empty id": (["id,y", ",1"], "an id in each row"),
    "an id twice": (["id,y", "a,1", "b,1", "a,2"], r"each id once, got 'a' in row 3"),
    "text": (["id,y", "a,1", "b,one"], r"expected numbers, got 'one' in row 2 \(id 'b'\)"),
    "nothing": (["id,y", "a,"], "expected numbers, got ''"),
    "no finite number": (["id,y", "a,inf"], "expected finite numbers"),
}


@pytest.mark.parametrize("wrong", WRONG_LABELS)
def test_labels_that_do_not_fit_are_refused(put, wrong):
    lines, sentence = WRONG_LABELS[wrong]
    with pytest.raises(LabelsInvalid, match=sentence):
        read_labels(put(*lines), spec("regression"))


def test_empty_labels_and_one_class_alone_are_refused(put):
    with pytest.raises(LabelsInvalid, match="a label in each row, got '' in row 2"):
        read_labels(put("id,y", "a,x", "b,"), spec("multiclass"))
    with pytest.raises(LabelsInvalid, match="two classes or more"):
        read_labels(put("id,y", "a,x", "b,x"), spec("multiclass"))
    with pytest.raises(LabelsInvalid, match="empty fields only"):
        read_labels(put("id,y", "a,", "b, "), spec("tags"))


# The sample submission


def read_both(put, kind, labels, sample, **changes):
    wanted = spec(kind, **changes)
    read = read_labels(put(*labels), wanted)
    return read, read_sample(put(*sample, name="sample.csv"), wanted, read)


TWO = ["id,y", "a,x", "b,w", "c,x"]


def test_the_samples_columns_give_the_class_order(put):
    labels, sample = read_both(put, "multiclass", TWO, ["x,id,w", "0,t2,1", "0,t1,1"])
    assert (sample.classes, sample.kind, sample.columns, sample.header) == (("x", "w"), "probabilities", ("x", "w"), ("x", "id", "w"))
    assert sample.test_ids.to_list() == ["t2", "t1"]
    assert labels.truth.tolist() == [1, 0, 1]
    assert labels.truth_for(sample.classes).tolist() == [0, 1, 0]


def test_the_specifications_order_comes_before_the_samples(put):
    _, sample = read_both(put, "multiclass", TWO, ["id,x,w", "t,0,1"], classes=["w", "x"])
    assert (sample.classes, sample.columns) == (("w", "x"), ("x", "w"))


def test_multilabel_truth_follows_the_samples_order(put):
    labels, sample = read_both(put, "columns", ["id,p,q", "a,1,0"], ["id,q,p", "t,0,0"])
    assert labels.truth_for(sample.classes).tolist() == [[False, True]]


SAMPLE_KINDS = {
    "tags": ("tags", ["id,y", "a,road clear"], "id,y", {}, "tags", ("clear", "road")),
    "probabilities a label": ("columns", ["id,p,q", "a,1,0"], "id,p,q", {}, "probabilities", ("p", "q")),
    "labels a label": ("columns", ["id,p,q", "a,1,0"], "id,p,q", {"metric": "f_beta_samples_score"}, "labels", ("p", "q")),
    "labels of one column": ("multiclass", TWO, "id,author", {}, "labels", ("w", "x")),
    "a binary probability": ("binary", TWO, "id,target", {}, "probabilities", ("target",)),
    "a binary label": ("binary", TWO, "id,target", {"metric": "f1_score"}, "labels", ("target",)),
    "a value": ("regression", ["id,y", "a,1"], "id,price", {}, "values", ("price",)),
}


@pytest.mark.parametrize("case", SAMPLE_KINDS)
def test_the_kind_of_a_submission_follows_from_task_metric_and_columns(put, case):
    kind, labels, header, changes, expected, classes = SAMPLE_KINDS[case]
    _, sample = read_both(put, kind, labels, [header, "t" + "," * header.count(",")], **changes)
    assert (sample.kind, sample.classes) == (expected, classes)


def test_a_sample_survives_json(put):
    _, sample = read_both(put, "binary", TWO, ["id,target", "t,0"])
    again = Sample.from_json(sample.as_json(), sample.test_ids)
    assert again.as_json() == sample.as_json()
    assert again.label_names == ("w", "x")


WRONG_SAMPLES = {
    "no id": (["name,x,w", "t,0,0"], "expected the id column 'id'"),
    "other classes": (["id,x,z", "t,0,0"], "got columns without w and with z"),
    "no rows": (["id,x,w"], "got no rows"),
    "an id twice": (["id,x,w", "t,0,0", "t,0,0"], "'t' again or empty in row 2"),
}


@pytest.mark.parametrize("wrong", WRONG_SAMPLES)
def test_a_sample_that_does_not_fit_is_refused(put, wrong):
    lines, sentence = WRONG_SAMPLES[wrong]
    with pytest.raises(SpecInvalid, match=sentence):
        read_both(put, "multiclass", TWO, lines)


def test_a_binary_sample_has_one_column(put):
    with pytest.raises(SpecInvalid, match="one column beside the id"):
        read_both(put, "binary", TWO, ["id,w,x", "t,0,0"])


# Folds


def test_folds_come_in_the_order_of_the_train_ids(put):
    folds = read_folds(put("fold,image,more", "1,b,x", "0,a,x", "1.0,c,x"), ["a", "b", "c"], "image")
    assert (folds.tolist(), folds.dtype) == ([0, 1, 1], np.int64)
    assert read_folds(put("id,fold", "b,1", "a,0"), ["a", "b"], "image").tolist() == [0, 1]


WRONG_FOLDS = {
    "no fold column": (["id,k", "a,0"], "expected the columns id and fold, got 'id', 'k'"),
    "missing ids": (["id,fold", "a,0", "b,1"], "got 2 of them, without 'c'"),
    "unknown ids": (["id,fold", "a,0", "b,1", "c,1", "d,0"], "got also 'd'"),
    "an id twice": (["id,fold", "a,0", "b,1", "c,1", "c,1"], r"got 'c' on more than one \(1 rows too many\)$"),
    "a gap": (["id,fold", "a,0", "b,2", "c,2"], "without a gap, two or more, got 0, 2"),
    "folds from 1": (["id,fold", "a,1", "b,2", "c,2"], "0 to K - 1 .* got 1, 2"),
    "one fold": (["id,fold", "a,0", "b,0", "c,0"], "two or more, got 0"),
    "a half": (["id,fold", "a,0", "b,0.5", "c,1"], "whole fold numbers, got '0.5' in row 2"),
    "nothing": (["id,fold", "a,0", "b,", "c,1"], "whole fold numbers, got '' in row 2"),
    "text": (["id,fold", "a,0", "b,x", "c,y"], "got 'x' in row 2; 2 such rows"),
}


@pytest.mark.parametrize("wrong", WRONG_FOLDS)
def test_folds_that_do_not_fit_are_refused(put, wrong):
    lines, sentence = WRONG_FOLDS[wrong]
    with pytest.raises(FoldsInvalid, match=sentence):
        read_folds(put(*lines), ["a", "b", "c"], "id")
