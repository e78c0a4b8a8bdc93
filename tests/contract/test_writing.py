import hashlib

import numpy as np
import pytest
from stackyard.contract.contract import as_ids
from stackyard.contract.reading import read_table
from stackyard.contract.samples import Sample
from stackyard.contract.writing import render_submission, write_submission
from stackyard.errors import MissingIds, NotFinite, ShapeMismatch, UnknownIds


def sample(kind, header=("id", "b", "a"), classes=("a", "b"), names=(), ids=("t2", "t1")):
    return Sample(as_ids(list(ids)), tuple(header), "id", kind, tuple(classes), tuple(names))


def test_probabilities_take_the_samples_rows_and_columns():
    values = np.array([[0.1, 0.9], [1.0, 1e-7]], dtype=np.float32)
    assert render_submission(sample("probabilities"), ["t1", "t2"], values) == (
        b"id,b,a\nt2,1.00000001e-07,1\nt1,0.899999976,0.100000001\n"
    )


def test_the_id_column_stands_where_the_sample_has_it():
    assert render_submission(sample("values", ("p", "id"), ("p",)), ["t2", "t1"], np.array([1.5, -2.0])) == b"p,id\n1.5,t2\n-2,t1\n"


def test_tags_are_written_in_class_order():
    values = np.array([[False, False], [True, True]])
    assert render_submission(sample("tags", ("id", "tags"), ("road", "clear")), ["t2", "t1"], values) == b"id,tags\nt2,\nt1,road clear\n"


def test_labels_are_written_by_name():
    assert render_submission(sample("labels", ("id", "who"), names=("EAP", "HPL")), ["t1", "t2"], np.array([0, 1])) == (
        b"id,who\nt2,HPL\nt1,EAP\n"
    )


def test_labels_of_several_columns_are_written_as_0_and_1():
    values = np.array([[True, False], [False, False]])
    assert render_submission(sample("labels"), ["t2", "t1"], values) == b"id,b,a\nt2,0,1\nt1,0,0\n"


def test_more_than_eight_classes_keep_their_tags():
    classes = [f"c{i}" for i in range(17)]
    values = np.eye(17, dtype=bool)[[16, 8]]
    assert render_submission(sample("tags", ("id", "tags"), classes), ["t2", "t1"], values) == b"id,tags\nt2,c16\nt1,c8\n"


def test_every_float32_is_given_back_exactly(tmp_path):
    bits = np.random.default_rng(0).integers(0, 0x7F800000, 5000, dtype=np.uint32)
    values = bits.view(np.float32)
    ids = [f"t{i}" for i in range(len(values))]
    write_submission(tmp_path / "s.csv", sample("values", ("id", "p"), ("p",), ids=ids), ids, values)
    again = read_table(tmp_path / "s.csv").select(["id"], ["p"])["p"].to_numpy().astype(np.float32)
    np.testing.assert_array_equal(again, values)


def test_odd_ids_are_quoted_and_read_back(tmp_path):
    ids = [" x ", 'a,"b"', "two\nlines", "é", "007"]
    digest = write_submission(tmp_path / "s.csv", sample("values", ("id", "p"), ("p",), ids=ids), ids, np.zeros(5))
    assert read_table(tmp_path / "s.csv").select_texts(["id"])["id"].to_list() == ids
    assert digest == hashlib.sha256((tmp_path / "s.csv").read_bytes()).hexdigest()


def test_the_order_in_which_rows_come_never_shows():
    values = np.random.default_rng(0).random((2, 2))
    assert render_submission(sample("probabilities"), ["t1", "t2"], values) == render_submission(
        sample("probabilities"), ["t2", "t1"], values[::-1]
    )


@pytest.mark.parametrize(
    ("kind", "ids", "values", "error"),
    [
        ("probabilities", ["t1"], np.zeros((1, 2)), MissingIds),
        ("probabilities", ["t1", "t2", "t3"], np.zeros((3, 2)), UnknownIds),
        ("probabilities", ["t1", "t2"], np.zeros((3, 2)), ShapeMismatch),
        ("probabilities", ["t1", "t2"], np.zeros((2, 3)), ShapeMismatch),
        ("probabilities", ["t1", "t2"], np.array([[np.nan, 0], [0, 0]]), NotFinite),
        ("tags", ["t1", "t2"], np.full((2, 2), 0.5), ShapeMismatch),
        ("labels", ["t1", "t2"], np.full((2, 2), 0.5), ShapeMismatch),
        ("labels", ["t1", "t2"], np.array([0, 2]), ShapeMismatch),
        ("labels", ["t1", "t2"], np.array([-1, 0]), ShapeMismatch),
    ],
)
def test_what_does_not_fit_is_never_written(kind, ids, values, error):
    with pytest.raises(error):
        render_submission(sample(kind), ids, values)
