import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from stackyard.contract.contract import Contract
from stackyard.contract.validating import check_test, read_test
from stackyard.numerics.averages import geometric_mean

from pipelines.cli import main
from pipelines.errors import PredictionInvalid
from pipelines.folds import folds_of
from pipelines.joining import average, join_folds, mean_of
from pipelines.predictions import Form, Predictions, read_predictions, write_predictions
from pipelines.tta import mean_of_views

IDS, CLASSES = ("a", "b", "c"), ("x", "y")
GOOD = np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]], np.float32)


def form(task: str = "multiclass", columns=CLASSES) -> Form:
    return Form(task, IDS, columns if task in {"multiclass", "multilabel"} else columns[:1])


def server_codes(form: Form, ids, columns, values) -> list[str]:
    contract = Contract("s", form.task, "m", "id", form.columns, train_ids=["other"], test_ids=list(form.ids))
    report = check_test({"ids": np.array(ids), "columns": np.array(columns), "predictions": values}, contract)
    return [type(error).__name__ for error in report.errors]


def our_codes(form: Form, ids, columns, values) -> list[str]:
    return [fault.code for fault in form.faults(ids, columns, values)]


def cell(row: int, column: int, value: float, task: str = "multiclass"):
    values = GOOD.astype(np.float64)
    values[row, column] = value
    return task, IDS, CLASSES, values


CASES = {
    "good": ("multiclass", IDS, CLASSES, GOOD),
    "other order": ("multiclass", IDS[::-1], CLASSES[::-1], GOOD),
    "sums at the bound": ("multiclass", IDS, CLASSES, GOOD + np.array([0.0005, 0.0005]) * np.array([[1], [0], [-1]])),
    "sums beyond it": ("multiclass", IDS, CLASSES, GOOD * np.array([[1.0011], [1], [1]])),
    "no sums in multilabel": ("multilabel", IDS, CLASSES, GOOD * 0.5),
    "nan": cell(1, 1, np.nan),
    "infinite": cell(1, 0, np.inf),
    "negative": cell(0, 1, -0.01),
    "above one": cell(0, 1, 1.01),
    "nan and negative": ("multiclass", IDS, CLASSES, np.array([[np.nan, 0.5], [-1, 2], [0.5, 0.6]])),
    "nan in multilabel": cell(1, 1, np.nan, "multilabel"),
    "missing id": ("multiclass", IDS[:2], CLASSES, GOOD[:2]),
    "unknown id": ("multiclass", (*IDS, "d"), CLASSES, GOOD[[0, 1, 2, 2]]),
    "repeated id": ("multiclass", (*IDS, "a"), CLASSES, GOOD[[0, 1, 2, 2]]),
    "all wrong with ids": ("multiclass", ("a", "a", "z"), CLASSES, GOOD),
    "missing column": ("multiclass", IDS, ("x",), GOOD[:, :1]),
    "unknown column": ("multiclass", IDS, (*CLASSES, "z"), GOOD[:, [0, 1, 1]]),
    "repeated column": ("multiclass", IDS, ("x", "y", "y"), GOOD[:, [0, 1, 1]]),
    "wrong shape": ("multiclass", IDS, CLASSES, GOOD[:2]),
    "too many axes": ("multiclass", IDS, CLASSES, GOOD[:, :, None]),
    "binary": ("binary", IDS, ("x",), GOOD[:, 0]),
    "binary in a column": ("binary", IDS, ("x",), GOOD[:, :1]),
    "binary above one": ("binary", IDS, ("x",), GOOD[:, 0] + 0.5),
    "regression": ("regression", IDS, ("x",), np.array([-1e30, 0, 1e30])),
    "regression beyond float32": ("regression", IDS, ("x",), np.array([-1e39, 0, 1])),
    "regression nan": ("regression", IDS, ("x",), np.array([np.nan, 0, 1])),
}


@pytest.mark.parametrize("case", CASES)
def test_the_server_and_a_bare_machine_judge_alike(case):
    task, ids, columns, values = CASES[case]

    assert our_codes(form(task), ids, columns, values) == server_codes(form(task), ids, columns, values)


def test_the_cases_show_every_fault_that_values_can_have():
    found = {code for task, *rest in CASES.values() for code in our_codes(form(task), *rest)}

    assert found == {
        *("WrongShape", "DuplicateColumns", "MissingColumns", "UnknownColumns", "MissingIds", "UnknownIds", "DuplicateIds"),
        *("NotFinite", "OutOfRange", "RowSumWrong"),
    }


@given(
    st.sampled_from(["multiclass", "multilabel", "binary", "regression"]),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=5),
    st.permutations(["x", "y", "z"]),
    st.integers(1, 3),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 0.4995, 0.501, 1.5, -0.0, float("nan"), float("-inf")]), min_size=15, max_size=15),
)
def test_they_judge_alike_whatever_comes(task, ids, columns, count, cells):
    columns = columns[:count]
    values = np.array(cells[: len(ids) * count]).reshape(len(ids), count)

    assert our_codes(form(task), ids, columns, values) == server_codes(form(task), ids, columns, values)


def test_what_is_written_is_what_the_server_reads(tmp_path):
    path = tmp_path / "fold-0" / "oof.npz"
    write_predictions(path, Predictions(IDS, CLASSES, GOOD), form())
    contract = Contract("s", "multiclass", "m", "id", CLASSES, train_ids=["other"], test_ids=list(IDS))

    np.testing.assert_array_equal(read_test(path, contract).values, GOOD)
    again = read_predictions(path)
    assert (again.ids, again.columns) == (IDS, CLASSES)
    np.testing.assert_array_equal(again.values, GOOD)


def test_the_same_predictions_make_the_same_bytes_in_the_order_of_the_form(tmp_path):
    write_predictions(tmp_path / "one.npz", Predictions(IDS, CLASSES, GOOD), form())
    write_predictions(tmp_path / "two.npz", Predictions(IDS[::-1], CLASSES[::-1], GOOD[::-1, ::-1]), form())

    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_nothing_is_written_that_does_not_keep_the_contract(tmp_path):
    with pytest.raises(PredictionInvalid, match=r"RowSumWrong: expected rows that sum to 1 within 0.001, got 0.5 for id 'a', and 2 more"):
        write_predictions(tmp_path / "oof.npz", Predictions(IDS, CLASSES, GOOD * 0.5), form())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arrays", [{"ids": np.array(["a"])}, {"ids": np.array(["a"]), "columns": np.array(["x"]), "predictions": np.eye(3)}]
)
def test_other_arrays_are_no_predictions(tmp_path, arrays):
    np.savez(tmp_path / "oof.npz", **arrays)

    with pytest.raises(PredictionInvalid):
        read_predictions(tmp_path / "oof.npz")


def test_a_damaged_file_is_refused_or_read(tmp_path):
    write_predictions(tmp_path / "oof.npz", Predictions(IDS, CLASSES, GOOD), form())
    whole, rng, refused = (tmp_path / "oof.npz").read_bytes(), np.random.default_rng(0), 0
    for _ in range(100):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            damaged[place] = rng.integers(256)
        (tmp_path / "damaged.npz").write_bytes(damaged)
        try:
            read_predictions(tmp_path / "damaged.npz")
        except PredictionInvalid:
            refused += 1

    assert refused > 50


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    write_predictions(tmp_path / "oof.npz", Predictions(IDS, CLASSES, GOOD), form())
    (tmp_path / "oof.npz").write_bytes((tmp_path / "oof.npz").read_bytes()[:-40])

    with pytest.raises(PredictionInvalid, match=r"oof\.npz, got: "):
        read_predictions(tmp_path / "oof.npz")


FOLDS = folds_of([("a", 1), ("b", 0), ("c", 1)], IDS)


def test_folds_are_joined_in_the_order_of_the_train_ids():
    parts = {0: Predictions(("b",), CLASSES, GOOD[[1]]), 1: Predictions(("c", "a"), CLASSES, GOOD[[2, 0]])}
    joined = join_folds(parts, FOLDS, IDS)

    assert joined.ids == IDS
    np.testing.assert_array_equal(joined.values, GOOD)


@pytest.mark.parametrize(
    "parts",
    [
        {0: Predictions(("b",), CLASSES, GOOD[[1]])},
        {0: Predictions(("b",), CLASSES, GOOD[[1]]), 1: Predictions(("a",), CLASSES, GOOD[[0]])},
        {0: Predictions(("b",), CLASSES, GOOD[[1]]), 1: Predictions(("a", "b", "c"), CLASSES, GOOD)},
        {0: Predictions(("b",), CLASSES, GOOD[[1]]), 1: Predictions(("a", "c"), CLASSES[::-1], GOOD[[0, 2]])},
        {0: Predictions(("b",), CLASSES, GOOD[[1]]), 1: Predictions(("a", "c", "c"), CLASSES, GOOD)},
    ],
)
def test_parts_that_are_not_their_fold_are_refused(parts):
    with pytest.raises(PredictionInvalid):
        join_folds(parts, FOLDS, IDS)


def test_the_geometric_mean_is_the_servers():
    values = np.random.default_rng(0).dirichlet(np.ones(4), (3, 6)).astype(np.float32)

    np.testing.assert_allclose(mean_of(values, "multiclass"), geometric_mean(values, "multiclass"), rtol=2e-6)
    np.testing.assert_allclose(mean_of(values, "multilabel"), geometric_mean(values, "multilabel"), rtol=2e-6)


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_nets_are_averaged_like_views(task, mean):
    values = np.random.default_rng(0).dirichlet(np.ones(4), (3, 6)).astype(np.float32)
    values[0, 0] = [1, 0, 0, 0]

    np.testing.assert_allclose(mean_of(values, task, mean), mean_of_views(torch.from_numpy(values), task, mean), rtol=1e-6, atol=1e-8)


def test_a_geometric_mean_of_certain_nets_that_disagree_is_still_a_probability():
    values = np.array([[[1.0, 0.0]], [[0.0, 1.0]]], np.float32)

    np.testing.assert_allclose(mean_of(values, "multiclass"), [[0.5, 0.5]])
    np.testing.assert_allclose(mean_of(values, "multilabel"), [[0.5, 0.5]])


def test_values_are_averaged_as_they_are():
    np.testing.assert_array_equal(mean_of(np.array([[-1.0, 2.0], [3.0, 4.0]]), "regression"), [1.0, 3.0])


def test_copies_are_averaged_by_id():
    other = Predictions(IDS[::-1], CLASSES, GOOD[::-1])
    mean = average([Predictions(IDS, CLASSES, GOOD), other], "multiclass", "arithmetic")

    np.testing.assert_array_equal(mean.values, GOOD)
    with pytest.raises(PredictionInvalid, match="differences: 'c', 'd'"):
        average([other, Predictions(("a", "b", "d"), CLASSES, GOOD)], "multiclass")


def test_the_command_averages_files_without_a_net(tmp_path, capsys):
    for name, values in {"one": GOOD, "two": GOOD[:, ::-1]}.items():
        write_predictions(tmp_path / f"{name}.npz", Predictions(IDS, CLASSES, np.ascontiguousarray(values)), form())
    files = [str(tmp_path / f"{name}.npz") for name in ("one", "two")]

    assert main(["average", *files, "--task", "multiclass", "--out", str(tmp_path / "mean.npz")]) == 0
    np.testing.assert_allclose(read_predictions(tmp_path / "mean.npz").values, 0.5)
    assert main(["average", *files, str(tmp_path / "absent.npz"), "--task", "multiclass", "--out", str(tmp_path / "mean.npz")]) == 1
    assert "PredictionInvalid: expected an .npz file of plain arrays at " in capsys.readouterr().err
