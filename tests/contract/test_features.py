"""A feature file holds one row of finite numbers for every train and test id, in any order; whatever else comes is named."""

import numpy as np
import polars as pl
import pytest
from stackyard.contract.feature_files import MOST_COLUMNS
from stackyard.contract.labels import read_features
from stackyard.contract.spec import parse_spec
from stackyard.errors import FeaturesInvalid, UnreadableFile

SPEC = {"slug": "s", "name": "S", "task": "binary", "metric": "roc_auc_score", "id_column": "id", "labels": "l", "label_column": "y"}
RULES = parse_spec({**SPEC, "sample_submission": "s", "features": "f.parquet"})
TRAIN, TEST = ["a", "b", "c"], ["x", "y"]


def read(rows, train=TRAIN, test=TEST):
    return read_features(pl.DataFrame(rows) if isinstance(rows, dict) else rows, train, test, RULES)


def table(**changes):
    return {"id": ["y", "c", "a", "x", "b"], "age": [5.0, 3.0, 1.0, 4.0, 2.0], "size": [50, 30, 10, 40, 20], **changes}


def test_rows_come_in_the_order_of_the_contract_train_first():
    found = read(table())

    assert found.columns == ("age", "size")
    assert found.values.dtype == np.float32
    assert found.values.tolist() == [[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]]


def test_a_file_is_read_as_well(tmp_path):
    path = tmp_path / "features.csv"
    pl.DataFrame(table()).write_csv(path)

    assert read(str(path)).values[:, 0].tolist() == [1, 2, 3, 4, 5]
    path.write_bytes(b"PAR1 but no more")
    with pytest.raises(UnreadableFile):
        read(str(path))


@pytest.mark.parametrize(
    ("rows", "sentence", "count"),
    [
        ({"id": ["a", "x"], "age": [1.0, 2.0]}, "expected all 5 train and test ids, got 2 of them, without 'b', 'c', 'y'", 3),
        (table(id=["y", "c", "a", "x", "z"]), "without 'b'; expected only the 5 train and test ids, got also 'z'", 1),
        (
            {"id": ["a", "b", "c", "x", "y", "a"], "age": [1.0] * 6},
            r"expected one row an id, got 'a' on more than one \(1 rows too many\)$",
            1,
        ),
        (
            table(size=["50", "30", "ten", "40", "20"]),
            r"expected numbers, got 'ten' in row 3 \(id 'a'\), column 'size'",
            1,
        ),
        (table(age=[5.0, None, 1.0, None, 2.0]), r"expected numbers, got '' in row 2 \(id 'c'\), column 'age', and 1 more", 2),
        (table(age=[5.0, float("nan"), 1.0, float("inf"), 2.0]), r"expected finite numbers, got 'nan' in row 2 \(id 'c'\)", 2),
        ({"name": TRAIN, "age": [1.0, 2.0, 3.0]}, "expected the column 'id' and columns of numbers, got 'name', 'age'", 0),
        ({"id": [*TRAIN, *TEST]}, "expected 1 to 1000 features beside 'id', got 0", 0),
        (table(y=[0, 1, 0, 1, 0]), "expected features that say nothing of the truth, got the label column 'y'", 0),
    ],
)
def test_what_cannot_be_used_is_named_with_how_many_and_the_first(rows, sentence, count):
    with pytest.raises(FeaturesInvalid, match=sentence) as found:
        read(rows)
    assert found.value.count == count


def test_features_have_a_limit():
    wide = pl.DataFrame({"id": ["a"], **{f"f{place}": [0.0] for place in range(MOST_COLUMNS + 1)}})
    with pytest.raises(FeaturesInvalid, match="expected 1 to 1000 features beside 'id', got 1001"):
        read(wide, ["a"], [])


def test_ids_that_are_both_train_and_test_cannot_have_features():
    with pytest.raises(FeaturesInvalid, match="got 'a' as both"):
        read(table(), TRAIN, ["a"])


def test_the_specification_names_the_file():
    assert RULES.files == {"labels": "l", "sample_submission": "s", "features": "f.parquet"}
    assert parse_spec(RULES.as_json()) == RULES
