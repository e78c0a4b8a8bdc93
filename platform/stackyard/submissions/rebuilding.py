"""Make a submission's file again from nothing but its lineage, and compare the bytes. Heavy: for workers only."""

from __future__ import annotations

from typing import Any

from stackyard.contract.digests import sha256_bytes
from stackyard.errors import BlobDamaged, RebuildDiffers, StackyardError
from stackyard.numerics.evaluation import evaluate
from stackyard.storage.queries import load_array, load_json, verify
from stackyard.submissions.building import render_file
from stackyard.submissions.models import Submission
from stackyard.submissions.recomputing import recompute_arrays, verify_blobs
from stackyard.submissions.services import finish_rebuild
from stackyard.work.failures import naming_failure


def rebuild_submission(key: int) -> None:
    """Do the rebuild that was asked for last, and write down what came of it; safe to run twice."""
    submission = Submission.objects.get(pk=key)
    asked = submission.rebuild
    if asked.get("state") != "queued":
        return
    with naming_failure("the submission to be rebuilt", lambda error: _end_badly(key, asked, error)):
        checks = check_submission(submission, asked["deep"])
        finish_rebuild(key, asked["key"], {"state": "identical", "deep": asked["deep"], "checks": checks})


def _end_badly(key: int, asked: dict[str, Any], error: StackyardError) -> None:
    finish_rebuild(key, asked["key"], {"state": "differs", "deep": asked["deep"], "checks": [], "error": error.as_json()})


def check_submission(submission: Submission, deep: bool) -> list[str]:
    """Compute the file from its lineage; return what was found the same on the way.

    Blobs are read and hashed down to the uploaded files, arrays computed again (see recompute_arrays), the decision fitted again on the
    out-of-fold rows, and the bytes written again.
    Raises RebuildDiffers for the first thing that is not as it was.
    """
    lineage = submission.lineage
    checks = [*verify_blobs(lineage), *recompute_arrays(lineage, deep)]
    decision = _decide_again(lineage)
    digest = sha256_bytes(render_file(lineage, load_array(lineage["test_array"]), decision))
    if digest != submission.digest:
        raise RebuildDiffers(f"expected the file {submission.digest[:12]}…, written again it is {digest[:12]}…")
    try:
        verify(submission.digest)
    except BlobDamaged as error:
        raise RebuildDiffers(f"expected the stored file as it was written, got a damaged blob: {error.detail}") from error
    return [*checks, f"decision {decision['name']}: fitted again", "file: written again, byte for byte"]


def _decide_again(lineage: dict[str, Any]) -> dict[str, Any]:
    contract = load_json(lineage["contract"])
    root = next(node for node in lineage["predictions"] if node["id"] == lineage["prediction"])
    judged = evaluate(
        load_array(lineage["truth"]),
        load_array(root["oof_digest"]),
        load_array(lineage["folds"]["array"]),
        contract["task"],
        contract["metric"],
        contract["metric_options"],
        {"name": lineage["decision"]["name"], **lineage["decision"].get("settings", {})},
    )
    decision = judged.as_decision()
    if decision != lineage["decision"]:
        raise RebuildDiffers(f"expected the recorded decision {lineage['decision']['name']}, fitted again its parameters are others")
    return decision
