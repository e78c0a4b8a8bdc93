"""Half precision is computed in where the device can, and the run says where it cannot."""

import torch

from pipelines import plan
from pipelines.run import run, tell_precision
from pipelines.steps import autocast
from tests.pipelines.training import TINY, change, digests, make_data, make_job

CPU = torch.device("cpu")


def test_a_processor_without_instructions_computes_in_fp32_and_the_run_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "has_instructions", lambda _: False)
    make_data(tmp_path, test_rows=0)
    told = []
    run(make_job(tmp_path, change(TINY, phases__0__precision="bf16"), out="half", report=told.append), [0])
    run(make_job(tmp_path, TINY, out="whole", report=told.append), [0])
    notes = [event["detail"] for event in told if event["event"] == "note"]

    # the files of weights name their recipe
    half, whole = ({name: of for name, of in digests(tmp_path / out).items() if name.endswith(".npz")} for out in ("half", "whole"))

    assert half == whole
    assert notes == ["this processor has no instructions for bf16: computing in fp32"]


def test_where_there_are_instructions_they_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "has_instructions", lambda _: True)
    make_data(tmp_path, test_rows=0)
    told = []
    tell_precision(make_job(tmp_path, change(TINY, phases__0__precision="bf16"), report=told.append))
    with autocast("bf16", CPU):
        product = torch.ones(2, 2) @ torch.ones(2, 2)

    assert (told, product.dtype) == ([], torch.bfloat16)


def test_a_gpu_computes_in_what_is_asked_for():
    assert plan.computes_in("fp16", torch.device("cuda")) == "fp16"


def test_this_machine_knows_what_it_has():
    assert all(isinstance(plan.has_instructions(precision), bool) for precision in ("bf16", "fp16"))
