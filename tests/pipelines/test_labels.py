from pathlib import Path

import numpy as np
import pytest
from stackyard.contract.label_files import read_labels as read_servers_labels
from stackyard.contract.samples import read_sample
from stackyard.contract.spec import parse_spec

from pipelines.data_spec import read_data_spec
from pipelines.errors import DataInvalid, LabelUnknown
from pipelines.labels import read_labels

MULTICLASS = {"task": "multiclass", "label_column": "kind"}
TAGS = {"task": "multilabel", "tags_column": "tags"}
COLUMNS = {"task": "multilabel", "label_columns": ["x", "y"]}
BINARY = {"task": "binary", "label_column": "ill"}
VALUES = {"task": "regression", "label_column": "price"}


def lay_out(folder: Path, keys: dict, labels: str, sample: str = "") -> Path:
    lines = [f"{key} = {value!r}" for key, value in {"id_column": "id", "labels": "labels.csv", **keys}.items()]
    (folder / "labels.csv").write_text(labels)
    if sample:
        lines.append("sample_submission = 'sample.csv'")
        (folder / "sample.csv").write_text(sample)
    (folder / "data.toml").write_text("\n".join([*lines, "[images]", "train = 'train/{id}.png'", "test = 'test/{id}.png'"]))
    return folder


CASES = {
    "sorted classes": (MULTICLASS, "id,kind\n1,10\n2,9\n3,9\n", ""),
    "the sample's order": (MULTICLASS, "id,kind,more\n1,b,\n2,a,\n", "id,b,a\n7,0,0\n8,0,0\n"),
    "a sample of labels": (MULTICLASS, "id,kind\n1,b\n2,a\n", "id,kind\n7,a\n"),
    "named classes": ({**MULTICLASS, "classes": ["b", "c", "a"]}, "id,kind\n1,b\n2,a\n", ""),
    "tags": (TAGS, "id,tags\n1,b a\n2,a\n3,\n", "id,tags\n7,a\n"),
    "columns": (COLUMNS, "id,y,x\n1,0,1\n2,1,1.0\n", "id,y,x\n7,0,0\n"),
    "binary": (BINARY, "id,ill\n1,no\n2,yes\n", "id,probability\n7,0\n"),
    "positive": ({**BINARY, "positive": "no"}, "id,ill\n1,no\n2,yes\n", "id,ill\n7,0\n"),
    "values": (VALUES, "id,price\n1,-2.5\n2,1e3\n", "id,price\n7,0\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_truth_and_classes_are_the_servers(tmp_path, case):
    keys, text, sample = CASES[case]
    labels = read_labels(read_data_spec(lay_out(tmp_path, keys, text, sample)))
    named = {"slug": "s", "name": "S", "metric": "m", "id_column": "id", "labels": "labels.csv", "sample_submission": "sample.csv"}
    spec = parse_spec({**named, **keys})
    theirs = read_servers_labels(tmp_path / "labels.csv", spec)
    classes = theirs.classes
    if sample:
        read = read_sample(tmp_path / "sample.csv", spec, theirs)
        classes = read.classes
        assert labels.test_ids == tuple(read.test_ids)

    assert (labels.train_ids, labels.classes) == (tuple(theirs.ids), classes)
    np.testing.assert_array_equal(labels.truth, theirs.truth_for(classes))


def test_truth_has_the_type_that_losses_take(tmp_path):
    types = {}
    for name, (keys, text, sample) in CASES.items():
        types[name] = read_labels(read_data_spec(lay_out(tmp_path, keys, text, sample))).truth.dtype

    assert {types[name] for name in ("binary", "positive", "tags", "columns")} == {np.dtype(bool)}
    assert (types["named classes"], types["values"]) == (np.int64, np.float64)


@pytest.mark.parametrize(
    ("keys", "text", "said"),
    [
        (
            {**MULTICLASS, "classes": ["copepod", "shrimp"]},
            "id,kind\n1,shrimp\n2,copepode\n",
            "got 'copepode' for id '2' in .*copepod",
        ),
        (MULTICLASS, "id,kind\n1,a\n2,b\n3,\n", "got '' for id '3'"),
        ({**TAGS, "classes": ["a", "b"]}, "id,tags\n1,a\n2,a x\n3,y\n", "got 'x' for id '2' in labels.csv, and 1 more"),
        (COLUMNS, "id,x,y\n1,0,1\n2,0,2\n", "expected 0 or 1 in 'y', got '2' for id '2'"),
    ],
)
def test_a_label_that_is_no_class_is_named_with_its_id(tmp_path, keys, text, said):
    with pytest.raises(LabelUnknown, match=said):
        read_labels(read_data_spec(lay_out(tmp_path, keys, text)))


@pytest.mark.parametrize(
    ("keys", "text", "said"),
    [
        (MULTICLASS, "id,kind\n1,a\n1,b\n", "expected each id once in labels.csv, got '1'"),
        (MULTICLASS, "id,kind\n", "got no rows"),
        (MULTICLASS, "id,kimd\n1,a\n", "expected a column 'kind' in .*did you mean kimd"),
        (MULTICLASS, "id,kind\n1,a\n2\n", "expected 2 fields a row in .*labels.csv, got 1 in row 2"),
        (MULTICLASS, "id,kind\n1,a\n2,a\n", "two classes or more"),
        (BINARY, "id,ill\n1,a\n2,b\n3,c\n", "two different labels in labels.csv, got 'a', 'b', 'c'"),
        ({**BINARY, "positive": "x"}, "id,ill\n1,a\n2,b\n", "one of them 'x'"),
        (VALUES, "id,price\n1,2\n2,nan\n", "finite numbers, got 'nan' for id '2'"),
        (VALUES, "id,price\n1,cheap\n", "finite numbers, got 'cheap'"),
        (TAGS, "id,tags\n1,\n", "empty fields only"),
    ],
)
def test_labels_of_the_wrong_kind_are_refused(tmp_path, keys, text, said):
    with pytest.raises(DataInvalid, match=said):
        read_labels(read_data_spec(lay_out(tmp_path, keys, text)))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({**MULTICLASS, "label_colum": "x"}, r"got 'label_colum' \(did you mean label_column"),
        ({**MULTICLASS, "task": "multi"}, "expected task among binary, multiclass, multilabel, regression in data.toml, got 'multi'"),
        ({"task": "multilabel", "label_column": "kind"}, "expected tags_column or label_columns for a multilabel task"),
        ({**BINARY, "classes": ["a", "b"]}, "multiclass or multilabel task only"),
        ({**MULTICLASS, "classes": ["a", "a"]}, "each name once in classes"),
        ({**MULTICLASS, "labels": 3}, "expected text for labels in data.toml, got 3"),
        ({"task": "multiclass"}, "expected label_column for a multiclass task in data.toml, got none"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path, keys, said):
    with pytest.raises(DataInvalid, match=said):
        read_data_spec(lay_out(tmp_path, keys, "id\n"))


def test_a_folder_without_a_description_is_refused(tmp_path):
    with pytest.raises(DataInvalid, match=r"expected a description of the data at .*data\.toml"):
        read_data_spec(tmp_path)


def test_a_class_belongs_to_one_group_of_the_taxonomy(tmp_path):
    lay_out(tmp_path, MULTICLASS, "id,kind\n1,a\n")
    path = tmp_path / "data.toml"
    path.write_text(path.read_text() + "\n[taxonomy]\nround = ['a', 'b']\nlong = ['b']\n")

    with pytest.raises(DataInvalid, match=r"each class in one group of .taxonomy., got 'b' in two"):
        read_data_spec(tmp_path)


def test_labels_may_lie_in_parquet_npz_or_gzipped_csv(tmp_path):
    import gzip

    import polars as pl

    frame = {"id": ["1", "2"], "kind": ["b", "a"]}
    pl.DataFrame(frame).write_parquet(tmp_path / "labels.parquet")
    np.savez(tmp_path / "labels.npz", **frame)
    (tmp_path / "labels.csv.gz").write_bytes(gzip.compress(b"id,kind\n1,b\n2,a\n"))
    for name in ("labels.parquet", "labels.npz", "labels.csv.gz"):
        labels = read_labels(read_data_spec(lay_out(tmp_path, {**MULTICLASS, "labels": name}, "")))
        assert (labels.train_ids, labels.truth.tolist()) == (("1", "2"), [1, 0])
