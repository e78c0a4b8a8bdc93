import io

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stackyard.contract.contract import Contract
from stackyard.contract.reading import read_table
from stackyard.contract.validating import check_oof, read_oof
from stackyard.contract.writing import quote_field

CLASSES = ("a", "b", "c", "d")
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
id_lists = st.lists(texts, min_size=2, max_size=12, unique=True)


def make(ids, task="multilabel"):
    return Contract("s", task, "f", "id", CLASSES, ids, ["test"])


def values_for(count, seed, task="multilabel"):
    values = np.random.default_rng(seed).random((count, len(CLASSES)))
    return values / values.sum(axis=1, keepdims=True) if task == "multiclass" else values


def write_csv(path, ids, cells, columns):
    lines = [",".join(["id", *columns]), *(",".join([quote_field(name), *row]) for name, row in zip(ids, cells, strict=True))]
    path.write_bytes("\n".join(lines).encode() + b"\n")
    return path


@quick
@given(ids=id_lists, seed=st.integers(0, 1000), task=st.sampled_from(["multilabel", "multiclass"]), data=st.data())
def test_the_order_of_rows_and_columns_never_matters(ids, seed, task, data, tmp_path):
    contract, values = make(ids, task), values_for(len(ids), seed, task)
    frame = pl.DataFrame({"id": ids, **dict(zip(CLASSES, values.T, strict=True))})
    rows = data.draw(st.permutations(range(len(ids))))
    shuffled = frame.select(data.draw(st.permutations(frame.columns)))[rows]
    shuffled.write_parquet(tmp_path / "f.parquet")

    expected = read_oof(frame, contract)
    assert read_oof(shuffled, contract).digest == expected.digest
    assert read_oof(tmp_path / "f.parquet", contract).digest == expected.digest


@quick
@given(ids=id_lists, seed=st.integers(0, 1000), repeats=st.integers(2, 4), data=st.data())
def test_the_order_of_repeated_rows_never_matters(ids, seed, repeats, data):
    contract, values = make(ids), values_for(len(ids) * repeats, seed)
    frame = pl.DataFrame({"id": ids * repeats, **dict(zip(CLASSES, values.T, strict=True))})
    rows = data.draw(st.permutations(range(len(frame))))

    aligned = read_oof(frame, contract, repeats="mean")
    assert read_oof(frame[rows], contract, repeats="mean").digest == aligned.digest
    np.testing.assert_allclose(aligned.values, values.reshape(repeats, len(ids), -1).mean(axis=0), rtol=1e-6)


@quick
@given(ids=id_lists, seed=st.integers(0, 1000))
def test_csv_gives_back_the_float32_of_what_was_written(ids, seed, tmp_path):
    values = values_for(len(ids), seed)
    path = write_csv(tmp_path / "f.csv", ids, [[repr(float(v)) for v in row] for row in values], CLASSES)
    np.testing.assert_array_equal(read_oof(path, make(ids)).values, values.astype(np.float32))


@quick
@given(ids=id_lists)
def test_any_text_can_be_an_id(ids, tmp_path):
    path = write_csv(tmp_path / "f.csv", ids, [["0"] * 4] * len(ids), CLASSES)
    assert read_table(path).select_texts(["id"])["id"].to_list() == ids


BAD = {"": "NotANumber", "n/a": "NotANumber", "nan": "NotFinite", "-inf": "NotFinite", "1.5": "OutOfRange", "-1e-9": "OutOfRange"}


@quick
@given(ids=id_lists, seed=st.integers(0, 1000), data=st.data())
def test_every_corrupted_cell_is_named_exactly(ids, seed, data, tmp_path):
    cells = [[repr(float(v)) for v in row] for row in values_for(len(ids), seed)]
    places = st.tuples(st.integers(0, len(ids) - 1), st.integers(0, len(CLASSES) - 1))
    corrupted = data.draw(st.dictionaries(places, st.sampled_from(sorted(BAD)), min_size=1, max_size=8))
    for (row, column), field in corrupted.items():
        cells[row][column] = field
    order = data.draw(st.permutations(range(4)))
    path = write_csv(tmp_path / "f.csv", ids, [[row[i] for i in order] for row in cells], [CLASSES[i] for i in order])

    expected = {}
    for (row, column), field in sorted(corrupted.items()):
        expected.setdefault(BAD[field], []).append((row + 1, ids[row], CLASSES[column]))
    errors = check_oof(path, make(ids)).errors
    assert {error.code: error.count for error in errors} == {code: len(found) for code, found in expected.items()}
    assert {error.code: [(r["row"], r["id"], r["column"]) for r in error.rows] for error in errors} == {
        code: found[:5] for code, found in expected.items()
    }


@quick
@given(ids=id_lists, extra=st.lists(texts, max_size=8), data=st.data())
def test_missing_unknown_and_repeated_ids_are_counted_exactly(ids, extra, data):
    kept = data.draw(st.lists(st.sampled_from(ids), max_size=10))
    listed = data.draw(st.permutations(kept + extra))
    report = check_oof({"id": pl.Series(listed, dtype=pl.String), **{name: np.zeros(len(listed)) for name in CLASSES}}, make(ids))

    known = [name for name in listed if name in ids]
    expected = {
        "MissingIds": len(set(ids) - set(known)),
        "UnknownIds": len(listed) - len(known),
        "DuplicateIds": sum(known.count(name) > 1 for name in set(known)),
    }
    assert {error.code: error.count for error in report.errors} == {code: count for code, count in expected.items() if count}
    for error in report.errors:
        assert all(listed[row["row"] - 1] == row["id"] for row in error.rows if row["row"])


@quick
@given(data=st.binary(max_size=300), name=st.sampled_from(["f.csv", "f.npy", "f.npz", "f.parquet", "f.csv.gz", "f.csv.zst", "f"]))
def test_any_bytes_end_in_errors_that_have_a_name(data, name, tmp_path):
    magic = {
        "f.npy": b"\x93NUMPY\x01\x00",
        "f.parquet": b"PAR1",
        "f.npz": b"PK\x03\x04",
        "f.csv.gz": b"\x1f\x8b",
        "f.csv.zst": b"\x28\xb5\x2f\xfd",
    }
    buffer = io.BytesIO(magic.get(name, b"") + data)
    (tmp_path / name).write_bytes(buffer.getvalue())
    report = check_oof(tmp_path / name, make(["x", "y"]))
    assert report.errors
    assert report.aligned is None
