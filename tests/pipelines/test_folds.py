import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stackyard.competitions import shapes
from stackyard.contract import digests

from pipelines.errors import FoldsInvalid, FoldsMismatch
from pipelines.folds import folds_digest, folds_of, read_folds

IDS, NUMBERS = ("b", "a", "ü,1"), np.array([1, 0, 1])


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 20)))
def test_the_digest_is_the_servers(mapping):
    ids, numbers = list(mapping), np.array(list(mapping.values()), np.int64)

    assert folds_digest(ids, numbers) == digests.folds_digest(pl.Series(ids, dtype=pl.String), numbers)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("folds.csv", lambda: shapes.folds_as_csv("image", list(IDS), NUMBERS)),
        ("folds.json", lambda: json.dumps(shapes.folds_as_positions("", NUMBERS, 2))),
        ("folds.json", lambda: json.dumps(shapes.folds_as_lists("", list(IDS), NUMBERS, 2))),
    ],
    ids=["csv", "positions", "lists"],
)
def test_the_servers_three_shapes_say_the_same(tmp_path, name, make):
    (tmp_path / name).write_text(make())
    folds = read_folds(tmp_path / name, IDS, "image")

    assert (folds.numbers.tolist(), folds.count) == ([1, 0, 1], 2)
    assert folds.digest == folds_digest(IDS, NUMBERS)
    assert (folds.inside(1).tolist(), folds.outside(1).tolist()) == ([0, 2], [1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,fold\na,0\n", "got 1 without 'b', 'ü,1'"),
        ('id,fold\na,0\nb,1\n"ü,1",1\nd,0\n', "got 4 with unknown 'd'"),
        ('id,fold\na,0\na,0\nb,1\n"ü,1",1\n', "expected each id once in .*got 'a' again"),
        ('id,fold\na,0\nb,2\n"ü,1",2\n', "numbered 0 to K - 1 without a gap"),
        ('id,fold\na,0\nb,0\n"ü,1",0\n', "two or more"),
        ("id,fold\na,0.5\n", "whole fold numbers in .*got '0.5'"),
        ("id,group\na,0\n", "expected the columns id and fold in .*got id, group"),
    ],
)
def test_folds_that_do_not_fit_are_refused(tmp_path, text, said):
    (tmp_path / "folds.csv").write_text(text)

    with pytest.raises(FoldsInvalid, match=said):
        read_folds(tmp_path / "folds.csv", IDS)


@pytest.mark.parametrize("text", ["{}", "[]", "[[0, 1], [9]]", "[[0, -1], [1]]", '[{"train": []}]', "[[0", "3"])
def test_json_of_another_form_is_refused(tmp_path, text):
    (tmp_path / "folds.json").write_text(text)

    with pytest.raises(FoldsInvalid):
        read_folds(tmp_path / "folds.json", IDS)


def test_another_digest_or_fold_is_refused():
    folds = folds_of(list(zip(IDS, NUMBERS.tolist(), strict=True)), IDS)
    folds.require("")
    folds.require(folds.digest)

    with pytest.raises(FoldsMismatch):
        folds.require("0" * 64)
    with pytest.raises(FoldsInvalid, match="expected a fold from 0 to 1, got 2"):
        folds.inside(2)
