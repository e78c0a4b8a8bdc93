import json

import numpy as np
import polars as pl
import pytest
from stackyard.contract.contract import Contract
from stackyard.contract.digests import array_digest, canonical_json, folds_digest, json_digest, sha256_bytes, sha256_file
from stackyard.errors import DuplicateIds, FoldsMismatch, InvalidRequest, ShapeMismatch, UnknownFold


def test_a_contract_survives_json_with_its_ids(contract):
    document = json.loads(canonical_json(contract.as_json(with_ids=True)))
    again = Contract.from_json(document)

    assert again.as_json(with_ids=True) == contract.as_json(with_ids=True)
    assert again.folds.tolist() == contract.folds.tolist()


def test_ids_may_travel_beside_the_contract(contract):
    document = contract.as_json()
    assert "ids" not in document
    assert Contract.from_json(document, contract.ids_as_json()).as_json(with_ids=True) == contract.as_json(with_ids=True)


def test_a_contract_without_folds_survives_json():
    contract = Contract("s", "regression", "rmse_loss", "id", ("y",), ["a"], ["b"])
    assert Contract.from_json(contract.as_json(with_ids=True)).as_json() == contract.as_json()


@pytest.mark.parametrize("broken", [{}, {"slug": "x"}, {"folds": None, "ids": 3}])
def test_json_that_is_no_contract_is_refused(broken):
    with pytest.raises(InvalidRequest, match="expected a contract"):
        Contract.from_json(broken)


def test_json_with_fewer_ids_than_it_says_is_refused(contract):
    document = contract.as_json(with_ids=True)
    document["ids"]["test"].pop()
    with pytest.raises(InvalidRequest, match=r"got \(6, 3\)"):
        Contract.from_json(document)


def test_the_document_says_columns_ranges_and_folds(contract):
    document = contract.as_json()
    assert document["columns"][0] == {"name": "id", "kind": "id"}
    assert document["columns"][1] == {"name": "a", "kind": "value", "low": 0.0, "high": 1.0}
    assert document["folds"] == {"count": 2, "digest": contract.folds_digest}
    assert document["counts"] == {"train": 6, "test": 4}


def test_a_regression_has_no_range():
    document = Contract("s", "regression", "rmse_loss", "id", ("y",), ["a"], ["b"]).as_json()
    assert document["columns"][1] == {"name": "y", "kind": "value", "low": None, "high": None}


def test_folds_must_be_as_many_as_train_ids():
    with pytest.raises(ShapeMismatch, match="2 train ids"):
        Contract("s", "binary", "roc_auc_score", "id", ("p",), ["a", "b"], ["c"], folds=np.array([0]))


def test_a_binary_contract_has_one_column():
    with pytest.raises(ShapeMismatch, match="one class column"):
        Contract("s", "binary", "roc_auc_score", "id", ("p", "q"), ["a"], ["c"])


def test_an_id_stands_once_in_a_contract():
    with pytest.raises(DuplicateIds, match="'a'"):
        Contract("s", "binary", "roc_auc_score", "id", ("p",), ["a", "a"], ["c"])


def test_a_folds_rows_are_positions_in_train_order(contract):
    assert contract.fold_rows(1).tolist() == [1, 3, 5]
    with pytest.raises(UnknownFold, match="from 0 to 1, got 2"):
        contract.fold_rows(2)


def test_another_folds_digest_is_refused(contract):
    contract.require_folds(contract.folds_digest)
    with pytest.raises(FoldsMismatch):
        contract.require_folds("0" * 64)


def test_the_folds_digest_is_pinned():
    """Members keep digests in their own notes: the form may never change unnoticed."""
    lines = "stackyard folds 1\n1:a,0\n2:é,1\n"
    assert folds_digest(pl.Series(["é", "a"]), [1, 0]) == sha256_bytes(lines.encode())


def test_no_id_can_be_taken_for_two():
    assert folds_digest(pl.Series(["a,0\n1:b", "c"]), [1, 1]) != folds_digest(pl.Series(["a", "b,1\n1:c"]), [0, 1])


def test_a_moved_row_changes_the_folds_digest():
    ids = pl.Series(["a", "b", "c"])
    assert folds_digest(ids, [0, 1, 1]) != folds_digest(ids, [0, 1, 0])


def test_an_arrays_digest_knows_shape_and_type():
    array = np.arange(6, dtype=np.float32)
    digests = {array_digest(a) for a in (array, array.reshape(2, 3), array.reshape(3, 2), array.astype(np.float64))}
    assert len(digests) == 4
    assert array_digest(array.astype(">f4")) == array_digest(array)


def test_json_with_nan_has_no_digest():
    with pytest.raises(ValueError, match="JSON"):
        json_digest({"a": float("nan")})


def test_a_files_digest_is_that_of_its_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256_file(tmp_path / "f") == sha256_bytes(b"abc")
