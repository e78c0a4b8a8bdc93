import numpy as np
import polars as pl
import pytest
from stackyard.contract.contract import Contract
from stackyard.contract.reading import table_from_arrays
from stackyard.contract.validating import check_oof, check_test, read_oof, read_test
from stackyard.errors import (
    DuplicateIds,
    InvalidRequest,
    LimitExceeded,
    MissingColumns,
    MissingIdColumn,
    MissingIds,
    NotANumber,
    NotFinite,
    OutOfRange,
    RowSumWrong,
    UnknownColumns,
    UnknownFold,
    UnknownIds,
    UnreadableFile,
    WrongShape,
)

HEADER = "id,a,b,c\n"
GOOD = {"007": "1,0,0", "1e5": "0,1,0", " x ": "0,0,1", "é": ".5,.5,0", "5": "0.25,0.25,0.5", "6": "0,.5,.5"}


def csv(tmp_path, header=HEADER, **changes):
    """Write the good file with some rows changed (None drops one, a list repeats one)."""
    rows = {**GOOD, **changes.pop("rows", {})}
    lines = [f"{name},{value}" for name, values in rows.items() for value in (values if isinstance(values, list) else [values]) if value]
    path = tmp_path / "oof.csv"
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def binary(ids=("x", "y", "z"), task="binary"):
    return Contract("one", task, "roc_auc_score", "id", ("p",), list(ids), ["t"])


def codes(report):
    return [error.code for error in report.errors]


def test_a_good_file_is_aligned_as_float32_in_contract_order(tmp_path, contract):
    aligned = read_oof(csv(tmp_path), contract)

    assert aligned.values.dtype == np.float32
    assert aligned.values.flags.c_contiguous
    assert aligned.values.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0.25, 0.25, 0.5], [0, 0.5, 0.5]]
    assert (aligned.rows.tolist(), aligned.notes) == ([0, 1, 2, 3, 4, 5], ())


def test_one_class_column_gives_a_flat_array():
    for task in ("binary", "regression"):
        aligned = read_oof({"id": ["z", "x", "y"], "p": [0.75, 0.25, 0.5]}, binary(task=task))
        assert aligned.values.tolist() == [0.25, 0.5, 0.75]


def test_a_part_is_exactly_one_folds_rows(tmp_path, contract):
    path = csv(tmp_path, rows={"007": None, " x ": None, "5": None})
    aligned = read_oof(path, contract, fold=1)

    assert aligned.rows.tolist() == [1, 3, 5]
    assert aligned.values.tolist() == [[0, 1, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]]


def test_rows_of_another_fold_are_unknown_and_said_to_be(tmp_path, contract):
    report = check_oof(csv(tmp_path), contract, fold=0)
    assert codes(report) == ["UnknownIds"]
    assert report.errors[0].count == 3
    assert "3 of them train ids of other folds" in report.errors[0].detail


def test_a_fold_that_does_not_exist_is_refused(tmp_path, contract):
    with pytest.raises(UnknownFold):
        read_oof(csv(tmp_path), contract, fold=9)


def test_test_predictions_hold_exactly_the_test_ids(contract):
    good = {"id": ["t4", "t3", "t2", "t1"], "a": [1, 0, 0, 0], "b": [0, 1, 0, 1], "c": [0, 0, 1, 0]}
    assert read_test(good, contract).values.tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]

    report = check_test({**good, "id": ["t4", "t3", "t2", "5"]}, contract)
    assert codes(report) == ["MissingIds", "UnknownIds"]
    assert report.errors[0].rows == [{"row": None, "id": "t1", "column": None, "value": None}]
    assert report.errors[1].rows == [{"row": 4, "id": "5", "column": None, "value": None}]
    assert "1 of them train ids" in report.errors[1].detail


def test_the_header_is_judged_by_name(tmp_path, contract):
    report = check_oof(csv(tmp_path, header="name,a,b,z\n"), contract)
    assert codes(report) == ["MissingIdColumn", "MissingColumns", "UnknownColumns"]
    assert [[row["column"] for row in error.rows] for error in report.errors] == [["id"], ["c"], ["name", "z"]]
    for error in (MissingIdColumn, MissingColumns, UnknownColumns):
        assert any(isinstance(found, error) for found in report.errors)


def test_an_unknown_column_is_an_error_even_when_all_else_is_well(tmp_path, contract):
    path = tmp_path / "oof.csv"
    path.write_text(HEADER.replace("\n", ",note\n") + "".join(f"{name},{value},\n" for name, value in GOOD.items()), encoding="utf-8")
    with pytest.raises(UnknownColumns, match="expected the columns id, a, b, c, got also 'note'"):
        read_oof(path, contract)


def test_missing_ids_are_counted_and_the_first_five_named(contract):
    with pytest.raises(MissingIds, match="got 1 of them, without '007'") as caught:
        read_oof({"id": ["6"], "a": [1], "b": [0], "c": [0]}, contract)
    assert caught.value.count == 5
    assert [row["id"] for row in caught.value.rows] == ["007", "1e5", " x ", "é", "5"]


def test_ids_differ_by_a_single_space(tmp_path, contract):
    report = check_oof(csv(tmp_path, rows={" x ": None, "x": "0,0,1"}), contract)
    assert [(error.code, error.rows[0]["id"]) for error in report.errors] == [("MissingIds", " x "), ("UnknownIds", "x")]


def test_repeated_ids_are_counted_by_id_and_blamed_on_the_second_row(tmp_path, contract):
    path = csv(tmp_path, rows={"1e5": ["0,1,0"] * 3, "6": ["0,.5,.5"] * 2})
    with pytest.raises(DuplicateIds, match=r"3 rows too many\); repeats=mean averages them") as caught:
        read_oof(path, contract)
    assert caught.value.count == 2
    assert [(row["row"], row["id"]) for row in caught.value.rows] == [(3, "1e5"), (9, "6")]


def test_repeated_ids_are_averaged_when_asked(tmp_path, contract):
    path = csv(tmp_path, rows={name: [value, "1,0,0", "1,0,0"] for name, value in GOOD.items()})
    aligned = read_oof(path, contract, repeats="mean")
    assert aligned.notes == ("averaged 3 rows an id",)
    assert aligned.values[1].tolist() == pytest.approx([2 / 3, 1 / 3, 0])

    uneven = csv(tmp_path, rows={"1e5": ["0,1,0", "1,0,0"]})
    assert read_oof(uneven, contract, repeats="mean").notes == ("averaged 1 to 2 rows an id",)


def test_an_unknown_way_with_repeats_is_refused(tmp_path, contract):
    with pytest.raises(InvalidRequest, match="among error, mean, got 'median'"):
        read_oof(csv(tmp_path), contract, repeats="median")


@pytest.mark.parametrize("field", ["", "n/a", "0,5", "1_0", "0x1", "1 2", "true"])
def test_a_field_that_is_no_number_is_named(tmp_path, field):
    path = tmp_path / "f.csv"
    path.write_text(f'id,p\nx,0.5\ny,"{field}"\nz,0.5\n', encoding="utf-8")
    with pytest.raises(NotANumber, match=r"in row 2 \(id 'y'\), column 'p'") as caught:
        read_oof(path, binary())
    assert caught.value.as_json()["rows"] == [{"row": 2, "id": "y", "column": "p", "value": field}]
    assert caught.value.count == 1


def test_a_row_that_ends_early_lacks_numbers(tmp_path, contract):
    report = check_oof(csv(tmp_path, rows={"1e5": "0.5"}), contract)
    assert codes(report) == ["NotANumber"]
    assert [(row["row"], row["column"]) for row in report.errors[0].rows] == [(2, "b"), (2, "c")]


@pytest.mark.parametrize("field", ["nan", "NaN", "inf", "-Infinity", "1e400"])
def test_a_value_that_is_not_finite_is_named(tmp_path, field):
    for task in ("binary", "regression"):
        path = tmp_path / "f.csv"
        path.write_text(f"id,p\nx,0.5\ny,{field}\nz,0.5\n")
        with pytest.raises(NotFinite) as caught:
            read_oof(path, binary(task=task))
        assert [(row["row"], row["id"], row["column"]) for row in caught.value.rows] == [(2, "y", "p")]


@pytest.mark.parametrize("value", [-1e-9, 1.0000000001, -1, 2, np.nextafter(1.0, 2.0)])
def test_a_probability_outside_of_0_and_1_is_named_however_near(value):
    with pytest.raises(OutOfRange) as caught:
        read_oof({"id": ["x", "y", "z"], "p": [0.0, 1.0, value]}, binary())
    assert caught.value.rows == [{"row": 3, "id": "z", "column": "p", "value": value}]


def test_a_regression_takes_any_number_that_float32_holds():
    assert read_oof({"id": ["x", "y", "z"], "p": [-1e30, 0.0, 1e30]}, binary(task="regression")).values[2] == np.float32(1e30)
    with pytest.raises(OutOfRange):
        read_oof({"id": ["x", "y", "z"], "p": [0.0, 0.0, 1e39]}, binary(task="regression"))


def test_a_probability_below_1_may_round_to_1_but_never_beyond():
    assert read_oof({"id": ["x", "y", "z"], "p": [1 - 1e-12, 0.0, 1e-50]}, binary()).values.tolist() == [1.0, 0.0, 0.0]


def test_a_multiclass_row_that_does_not_sum_to_1_is_named(tmp_path, contract):
    with pytest.raises(RowSumWrong) as caught:
        read_oof(csv(tmp_path, rows={"1e5": "0.5,0.498,0", "6": "0.6,0.5,0"}), contract)
    assert caught.value.count == 2
    assert [(row["row"], row["id"], row["column"]) for row in caught.value.rows] == [(2, "1e5", None), (6, "6", None)]
    assert caught.value.rows[0]["value"] == pytest.approx(0.998)


def test_a_multiclass_row_near_1_is_rescaled_and_noted(tmp_path, contract):
    aligned = read_oof(csv(tmp_path, rows={"1e5": "0.5,0.499,0", "6": "0.5,0.5,0.001"}), contract)
    assert aligned.notes == ("renormalised 2 rows",)
    np.testing.assert_allclose(aligned.values.sum(axis=1), 1.0, atol=1e-7)
    assert aligned.values[1].tolist() == pytest.approx([0.5 / 0.999, 0.499 / 0.999, 0])


def test_multilabel_rows_need_no_sum(tagged):
    assert read_test({"image": ["t1", "t2", "t3"], "clear": [1, 1, 0], "haze": [1, 0, 0]}, tagged).values.sum() == 3


def test_every_independent_error_is_told_at_once(tmp_path, contract):
    path = tmp_path / "oof.csv"
    path.write_text(
        "c,note,b,id,a\n0,,0,007,1\n0,,x,1e5,1\n,,0, x ,nan\n0,,-0.5,é,inf\n0.5,,0,5,0.25\n0,,0,5,1\n0,,0,6!,1\n", encoding="utf-8"
    )
    report = check_oof(path, contract)

    assert report.aligned is None
    assert {error.code: error.count for error in report.errors} == {
        "UnknownColumns": 1,
        "MissingIds": 1,
        "UnknownIds": 1,
        "DuplicateIds": 1,
        "NotANumber": 2,
        "NotFinite": 2,
        "OutOfRange": 1,
        "RowSumWrong": 1,
    }
    cells = {error.code: [(row["row"], row["id"], row["column"]) for row in error.rows] for error in report.errors}
    assert cells["NotANumber"] == [(2, "1e5", "b"), (3, " x ", "c")]
    assert cells["NotFinite"] == [(3, " x ", "a"), (4, "é", "a")]
    assert cells["OutOfRange"] == [(4, "é", "b")]
    assert cells["RowSumWrong"] == [(5, "5", None)]


def test_values_are_judged_even_without_an_id_column(contract):
    report = check_oof({"a": [0.5], "b": [7.0], "c": [0.0]}, contract)
    assert codes(report) == ["MissingIdColumn", "OutOfRange"]
    assert report.errors[1].rows == [{"row": 1, "id": None, "column": "b", "value": 7.0}]


def test_ids_are_judged_even_without_class_columns(contract):
    assert codes(check_oof({"id": ["007"]}, contract)) == ["MissingColumns", "MissingIds"]


def test_a_file_of_a_header_only_lacks_every_id(tmp_path, contract):
    path = tmp_path / "oof.csv"
    path.write_text(HEADER)
    report = check_oof(path, contract)
    assert (codes(report), report.errors[0].count) == (["MissingIds"], 6)


def test_columns_that_are_neither_text_nor_numbers_are_refused(contract):
    frame = pl.DataFrame({"id": list(GOOD), "a": [[1.0]] * 6, "b": [0.0] * 6, "c": [None] * 6})
    report = check_oof(frame, contract)
    assert codes(report) == ["NotANumber"]
    assert (report.errors[0].count, report.errors[0].rows[0]["value"]) == (12, "<List(Float64)>")


def test_unnamed_arrays_take_the_contracts_columns_and_say_so(contract):
    aligned = read_oof(table_from_arrays(contract.train_ids, np.eye(3)[[0, 1, 2, 0, 1, 2]]), contract)
    assert aligned.values.argmax(axis=1).tolist() == [0, 1, 2, 0, 1, 2]
    assert aligned.notes == ("took the columns without names in the contract's order: a, b, c",)
    with pytest.raises(WrongShape):
        read_oof(table_from_arrays(contract.train_ids, np.ones((6, 2))), contract)


def test_what_cannot_be_read_is_one_error(tmp_path, contract):
    (tmp_path / "f.csv").write_bytes(b"")
    report = check_oof(tmp_path / "f.csv", contract)
    assert [type(error) for error in report.errors] == [UnreadableFile]


def test_a_file_may_not_hold_many_times_what_the_contract_needs(tmp_path, contract):
    (tmp_path / "f.csv").write_bytes(HEADER.encode() + b"5,0,0,1\n" * 1_100_000)
    with pytest.raises(LimitExceeded, match="at most 4000000 cells"):
        read_oof(tmp_path / "f.csv", contract)


def test_the_digest_names_the_values(contract, tmp_path):
    first, again = read_oof(csv(tmp_path), contract).digest, read_oof(csv(tmp_path), contract).digest
    changed = read_oof(csv(tmp_path, rows={"6": "0,.25,.75"}), contract).digest
    assert first == again != changed


def test_unknown_ids_raise_their_own_code(tmp_path, contract):
    with pytest.raises(UnknownIds, match="got also 'extra'"):
        read_oof(csv(tmp_path, rows={"extra": "1,0,0"}), contract)
