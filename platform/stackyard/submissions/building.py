"""Write a submission's file from its lineage. Heavy: for workers only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stackyard.contract.contract import BINARY, MULTICLASS, MULTILABEL, Contract
from stackyard.contract.samples import PROBABILITIES, VALUES, Sample
from stackyard.contract.writing import render_submission
from stackyard.numerics.decisions import apply_decision, argmax_labels
from stackyard.storage.queries import load_array, load_json
from stackyard.storage.services import store_bytes
from stackyard.submissions.lineage import lineage_of
from stackyard.submissions.models import Submission, SubmissionState
from stackyard.submissions.services import fail_submission, finish_submission
from stackyard.work.failures import naming_failure
from stackyard.work.leases import claim, holding, new_owner

HALF = 0.5
"""Where a label begins, when neither the decision nor the metric says it."""


def build_submission(key: int) -> None:
    """Bring one submission to `built` or `failed`; safe to run twice."""
    owner = new_owner()
    if not claim(Submission.objects.filter(pk=key, state=SubmissionState.QUEUED), owner):
        return
    ends = naming_failure("the submission to be written", lambda error: fail_submission(key, error, owner))
    with holding(Submission.objects.filter(pk=key), owner), ends:
        submission = Submission.objects.select_related("competition", "prediction__fold_set", "prediction__score_row").get(pk=key)
        lineage = lineage_of(submission)
        test = load_array(lineage["test_array"])
        digest = store_bytes(submission.competition.team_id, render_file(lineage, test, lineage["decision"]))
        finish_submission(key, owner, digest, len(test), lineage)


def render_file(lineage: dict[str, Any], test: npt.NDArray[Any], decision: dict[str, Any]) -> bytes:
    """Return the file's bytes, in the sample submission's own form and order.

    test: float32 (n,) or (n, C) in the contract's test order. decision: {"name", "parameters"}, fitted on all out-of-fold rows.
    """
    contract = Contract.from_json(load_json(lineage["contract"]))
    sample = Sample.from_json(lineage["sample"], contract.test_ids)
    return render_submission(sample, contract.test_ids, decided(test, sample.kind, contract, decision))


def decided(test: npt.NDArray[Any], kind: str, contract: Contract, decision: dict[str, Any]) -> npt.NDArray[Any]:
    """Return what the sample's kind asks for: probabilities, calibrated at most, or what the decision makes of them.

    Where the metric judges probabilities and the host still wants labels or tags, the likeliest class is written, or every label at or
    above the threshold (a half unless the competition says otherwise).
    """
    values = apply_decision(decision["name"], decision["parameters"], test)
    if kind == PROBABILITIES:
        return values if values.shape == test.shape and values.dtype.kind == "f" else test
    if kind == VALUES or values.dtype.kind != "f":
        return values
    if contract.task == MULTICLASS:
        return argmax_labels(values)
    if contract.task in {BINARY, MULTILABEL}:
        return np.asarray(values >= contract.metric_options.get("threshold", HALF))
    return values
