import numpy as np
import pytest
from stackyard.contract.contract import Contract
from stackyard.contract.tags import read_tags
from stackyard.contract.validating import check_test, read_oof, read_test
from stackyard.errors import EmptyTags, InvalidRequest, MissingColumns, MissingIds, UnknownColumns, UnknownTags


def tags(*fields, ids=("t1", "t2", "t3")):
    return {"image": list(ids), "tags": list(fields)}


def test_tags_become_votes_in_class_order(tagged):
    aligned = read_tags(tags("haze", "clear  haze ", "clear", ids=("t3", "t1", "t2")), tagged, "test")
    assert aligned.values.dtype == np.float32
    assert aligned.values.tolist() == [[1, 1], [1, 0], [0, 1]]


def test_a_tag_file_can_be_uploaded_like_any_prediction(tagged):
    assert read_test(tags("haze", "clear", "clear"), tagged).values.tolist() == [[0, 1], [1, 0], [1, 0]]
    assert read_oof(tags("haze", "clear", "clear", ids=("r1", "r2", "r3")), tagged).values.tolist() == [[0, 1], [1, 0], [1, 0]]


def test_class_columns_beside_tags_are_no_tag_file(tagged):
    report = check_test({**tags("haze", "clear", "clear"), "clear": [0, 1, 1], "haze": [1, 0, 0]}, tagged)
    assert [error.code for error in report.errors] == ["UnknownColumns"]


def test_a_tag_file_for_a_competition_without_tags_is_refused(contract):
    with pytest.raises(UnknownColumns, match="does not have"):
        read_tags({"id": ["t1"], "tags": ["a"]}, contract, "test")
    with pytest.raises(MissingColumns):
        read_test({"id": ["t1", "t2", "t3", "t4"], "tags": ["a"] * 4}, contract)


def test_unknown_tags_are_counted_by_field_and_named(tagged):
    with pytest.raises(UnknownTags, match="'fog', 'rain' in 2 rows, first in row 1") as caught:
        read_test(tags("fog haze", "clear", "rain fog"), tagged)
    assert caught.value.count == 2
    assert caught.value.rows == [
        {"row": 1, "id": "t1", "column": "tags", "value": "fog"},
        {"row": 3, "id": "t3", "column": "tags", "value": "rain fog"},
    ]


def test_empty_fields_are_an_error_where_every_labelled_row_has_a_tag(tagged):
    with pytest.raises(EmptyTags, match="got 2 empty fields, first in row 1") as caught:
        read_test(tags("", "clear", " "), tagged)
    assert (caught.value.count, [row["row"] for row in caught.value.rows]) == (2, [1, 3])


def test_empty_fields_can_be_accepted(tagged):
    aligned = read_test(tags("", "clear", " "), tagged, empty="accept")
    assert aligned.values.sum() == 1
    assert aligned.notes == ("accepted 2 empty tag fields",)
    with pytest.raises(InvalidRequest, match="among error, accept"):
        read_test(tags("", "clear", " "), tagged, empty="ignore")


def test_empty_fields_are_fine_where_labelled_rows_have_them(tagged):
    allowing = Contract.from_json({**tagged.as_json(with_ids=True), "empty_tags_allowed": True})
    assert read_test(tags("", "clear", ""), allowing).notes == ()


def test_several_voters_a_row_are_averaged_when_asked(tagged):
    ids = ("t1", "t2", "t3") * 2
    aligned = read_test(tags("haze", "haze", "haze", "clear", "haze", "clear haze", ids=ids), tagged, repeats="mean")
    assert aligned.values.tolist() == [[0.5, 0.5], [0, 1], [0.5, 1]]


def test_every_independent_error_of_tags_is_told_at_once(tagged):
    report = check_test({"image": ["t1", "t1", "x"], "tags": ["", "fog", "clear"], "more": [1, 2, 3]}, tagged)
    found = {error.code: error.count for error in report.errors}
    assert found == {"UnknownColumns": 1, "MissingIds": 2, "UnknownIds": 1, "DuplicateIds": 1, "UnknownTags": 1, "EmptyTags": 1}


def test_missing_ids_of_tags_are_named(tagged):
    with pytest.raises(MissingIds, match="without 't2'"):
        read_tags(tags("clear", "haze", ids=("t1", "t3")), tagged, "test")
