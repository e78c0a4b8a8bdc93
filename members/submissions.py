"""A submission's file: wait until it is built, take it away, and see that it is the one that its digest names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard.errors import InvalidRequest

from members.answers import Submission, WrittenFile
from members.faults import error_in
from members.waiting import wait_until
from members.wire import PATIENT_PAUSES, Wire, path_to


def target_file(path: str | Path) -> Path:
    """Return where a file will be written; raise InvalidRequest where it cannot be, before the server is asked for anything."""
    target = Path(path)
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise InvalidRequest(f"expected the path of a file in an existing folder, got {target}")
    return target


def wait_built(wire: Wire, submission: Submission) -> Submission:
    """Return the submission once its file is built; raise the named error that building it failed with."""
    last = wait_until(submission, lambda: _ask(wire, submission["id"]), lambda s: s.get("state") != "queued", _show_nothing, wire.sleep)
    if last.get("state") == "failed":
        raise error_in(last.get("error"), f"expected submission {last['id']} to be built, got a failure without a reason")
    return last


def wait_rebuilt(wire: Wire, submission: Submission) -> Submission:
    """Return the submission once it was made again with the same bytes; raise RebuildDiffers, or why it could not be made."""
    last = wait_until(
        submission, lambda: _ask(wire, submission["id"]), lambda s: s["rebuild"].get("state") != "queued", _show_nothing, wire.sleep
    )
    outcome = last["rebuild"]
    if outcome.get("state") != "identical":
        raise error_in(outcome.get("error"), f"expected submission {last['id']} to be made again byte for byte, got {outcome.get('state')}")
    return last


def fetch_file(wire: Wire, submission: Submission, target: Path) -> WrittenFile:
    """Write a submission's file; raise DigestMismatch where other bytes came than its digest names."""
    wire.download(path_to("submissions", submission["id"], "file"), target, submission["digest"])
    return {"id": submission["id"], "path": str(target), "digest": submission["digest"], "rows": submission["rows"]}


def _ask(wire: Wire, submission_id: int) -> Submission:
    answer: Submission = wire.get(path_to("submissions", submission_id), pauses=PATIENT_PAUSES)
    return answer


def _show_nothing(answer: Any) -> None:
    del answer
