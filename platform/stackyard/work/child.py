"""The child that reads members' files: `python -m stackyard.work.child`, one JSON order a line on stdin, one answer a line on stdout.

It knows neither Django nor the network. Limits are set before anything is read.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stackyard.contract.contract import Contract
from stackyard.contract.labels import read_features, read_folds, read_labels, read_sample
from stackyard.contract.report import Aligned, Report
from stackyard.contract.spec import parse_spec
from stackyard.contract.validating import check_oof, check_test
from stackyard.errors import LimitExceeded, StackyardError

PR_SET_PDEATHSIG = 1


def read_part(
    contract: str, oof: dict[str, str], test: dict[str, str] | None, fold: int | None, repeats: str, empty_tags: str, out: str
) -> dict[str, Any]:
    """Check one upload against the contract; write the aligned arrays to `out`, or answer with every error found.

    contract: path of the contract with its ids. oof, test: {"path", "name"}. out: a folder.
    """
    rules = Contract.from_json(json.loads(Path(contract).read_text()))
    checks: dict[str, Report] = {"oof": check_oof(_named(oof), rules, fold=fold, repeats=repeats, empty=empty_tags)}
    if test is not None:
        checks["test"] = check_test(_named(test), rules, repeats=repeats, empty=empty_tags)
    errors = [{"file": kind, **error.as_json()} for kind, report in checks.items() for error in report.errors]
    notes = [f"{kind}: {note}" for kind, report in checks.items() for note in report.notes]
    if errors:
        return {"errors": errors, "notes": notes, "arrays": {}}
    return {"errors": [], "notes": notes, "arrays": {kind: _write(report.require(), Path(out) / kind) for kind, report in checks.items()}}


def read_competition(spec: dict[str, Any], files: dict[str, dict[str, str]], out: str) -> dict[str, Any]:
    """Read a competition's own files; write truth, groups, given folds and features to `out`.

    spec: the parsed SPEC. files: name in the spec -> {"path", "name"}.
    """
    rules = parse_spec(spec)
    labels = read_labels(_named(files[rules.labels]), rules)
    sample = read_sample(_named(files[rules.sample_submission]), rules, labels)
    answer: dict[str, Any] = {
        "classes": list(sample.classes),
        "train_ids": labels.ids.to_list(),
        "test_ids": sample.test_ids.to_list(),
        "sample": sample.as_json(),
        "empty_tags_allowed": labels.has_empty_rows,
        "arrays": {"truth": _save(labels.truth_for(sample.classes), Path(out) / "truth")},
    }
    if labels.groups is not None:
        answer["arrays"]["groups"] = _save(labels.groups, Path(out) / "groups")
    if rules.folds.file:
        folds = read_folds(_named(files[rules.folds.file]), labels.ids, rules.id_column)
        answer["arrays"]["folds"] = _save(folds.astype(np.int16), Path(out) / "folds")
    if rules.features:
        features = read_features(_named(files[rules.features]), labels.ids, sample.test_ids, rules)
        answer["feature_columns"] = list(features.columns)
        answer["arrays"]["features"] = _save(features.values, Path(out) / "features")
    return answer


def _named(file: dict[str, str]) -> Path:
    """Return a path that bears the file's own name, since the name says the format and a blob has none."""
    name = Path(file["name"]).name
    link = Path(file["folder"]) / name
    link.unlink(missing_ok=True)
    link.symlink_to(file["path"])
    return link


def _write(aligned: Aligned, path: Path) -> str:
    return _save(aligned.values, path)


def _save(array: np.ndarray[Any, Any], path: Path) -> str:
    target = path.with_suffix(".npy")
    np.save(target, np.ascontiguousarray(array), allow_pickle=False)
    return str(target)


def _set_limits(memory_bytes: int, cpu_seconds: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Do the jobs that stdin orders, one JSON line each, every one in a fork of its own.

    This process only imports the libraries, so that a fork has them at once; it never parses anything, and has one thread.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_do_in_fork(json.loads(line))) + "\n")
        sys.stdout.flush()


def _do_in_fork(order: dict[str, Any]) -> dict[str, Any]:
    """Return {"status", "answer"}: the fork's exit status (negative: the signal that ended it, None: out of time), and what it said."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        _work(order, theirs)
    os.close(theirs)
    said, in_time = _read_until(ours, time.monotonic() + order["wall_seconds"])
    os.close(ours)
    if not in_time:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {"status": status if in_time else None, "answer": json.loads(said) if in_time and status == 0 else None}


def _read_until(pipe: int, deadline: float) -> tuple[bytes, bool]:
    """Return what comes through a pipe, and whether it ended before the deadline."""
    pieces = []
    while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(pipe, 1 << 16)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
    return b"", False


def _work(order: dict[str, Any], pipe: int) -> None:
    """Do one job in this fork, say what came of it, and end: nothing of the parent's may run after it."""
    status = 1
    try:
        _set_limits(order["memory_bytes"], order["cpu_seconds"])
        with os.fdopen(pipe, "w") as answer:
            json.dump(_do(order), answer)
        status = 0
    finally:
        os._exit(status)


def _do(order: dict[str, Any]) -> dict[str, Any]:
    try:
        return JOBS[order["do"]](**order["job"])
    except StackyardError as error:
        return {"error": error.as_json()}
    except MemoryError:
        return {"error": LimitExceeded(f"expected a file that fits {order['memory_bytes'] >> 20} MiB; reading it took more").as_json()}


JOBS: dict[str, Callable[..., dict[str, Any]]] = {"read_part": read_part, "read_competition": read_competition}

if __name__ == "__main__":
    main()
