"""Children with limits."""

import json

import pytest
from stackyard.errors import LimitExceeded, UnknownColumns
from stackyard.work.limited import Limits, run_limited


@pytest.fixture
def job(tmp_path):
    """A binary contract of three rows and a file that keeps it."""
    from stackyard.contract.contract import Contract

    contract = Contract("s", "binary", "roc_auc_score", "id", ("p",), ["a", "b", "c"], ["x"], folds=[0, 1, 1])
    (tmp_path / "contract.json").write_text(json.dumps(contract.as_json(with_ids=True)))
    (tmp_path / "blob").write_text("id,p\nb,0.25\na,0.5\nc,1\n")
    oof = {"path": str(tmp_path / "blob"), "name": "oof.csv", "folder": str(tmp_path)}
    rest = {"test": None, "fold": None, "repeats": "error", "empty_tags": "error", "out": str(tmp_path)}
    return {"contract": str(tmp_path / "contract.json"), "oof": oof, **rest}


def test_a_child_writes_aligned_rows(job):
    import numpy as np

    answer = run_limited("read_part", job)

    assert np.load(answer["arrays"]["oof"]).tolist() == [0.5, 0.25, 1.0]


def test_a_child_answers_with_every_error_of_a_file(job, tmp_path):
    (tmp_path / "blob").write_text("id,p,q\na,0.5,1\nb,2,1\nc,1,1\n")
    errors = run_limited("read_part", job)["errors"]

    assert [error["error"] for error in errors] == ["UnknownColumns", "OutOfRange"]
    assert {error["file"] for error in errors} == {"oof"}
    assert errors[1]["rows"][0]["id"] == "b"


@pytest.mark.parametrize(
    "limits",
    [Limits(memory_bytes=64 << 20), Limits(cpu_seconds=0), Limits(wall_seconds=0.01)],
    ids=["memory", "processor time", "wall time"],
)
def test_a_child_beyond_its_limits_is_a_named_error(job, limits):
    with pytest.raises(LimitExceeded, match="expected the file to be read within"):
        run_limited("read_part", job, limits)


def test_a_name_cannot_lead_out_of_the_childs_folder(job, tmp_path):
    job["oof"]["name"] = "../../etc/oof.csv"
    assert run_limited("read_part", job)["errors"] == []
    assert (tmp_path / "oof.csv").is_symlink()


def test_an_error_of_the_contract_arrives_as_itself():
    from stackyard.work.limited import error_from

    error = error_from(UnknownColumns("expected p, got q", [{"column": "q"}], 1).as_json())

    assert (type(error), error.detail, error.rows) == (UnknownColumns, "expected p, got q", [{"column": "q"}])
