"""Read the waiting parts of a prediction in limited children, and put accepted parts together."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings

from stackyard.competitions.queries import load_folds
from stackyard.errors import StackyardError
from stackyard.predictions.models import Part, PartState, Prediction, PredictionState
from stackyard.predictions.services import UNFINISHED, accept_part, reject_part, reject_prediction
from stackyard.storage.queries import load_array, path_of
from stackyard.storage.services import store_array, store_file
from stackyard.work.limited import run_limited


@dataclass(frozen=True)
class Arrays:
    """Digests of a whole prediction's aligned arrays; the test digest is empty where some part had no test file."""

    oof: str
    test: str
    notes: list[str]


def read_waiting_parts(prediction: Prediction) -> None:
    """Judge every waiting part of a prediction."""
    for part in prediction.parts.filter(state=PartState.WAITING).order_by("pk"):
        try:
            _read_part(prediction, part)
        except StackyardError as error:
            reject_part(part, [error.as_json()])


def _read_part(prediction: Prediction, part: Part) -> None:
    with tempfile.TemporaryDirectory(dir=settings.TEMPORARY) as folder:
        job = {
            "contract": str(path_of(prediction.competition.contract_digest)),
            "oof": _file(part.oof_blob, part.oof_name, folder, "oof"),
            "test": _file(part.test_blob, part.test_name, folder, "test") if part.test_blob else None,
            "fold": part.fold,
            "repeats": prediction.repeats,
            "empty_tags": prediction.empty_tags,
            "out": folder,
        }
        answer = run_limited("read_part", job)
        if answer["errors"]:
            reject_part(part, answer["errors"])
            return
        team = prediction.competition.team_id
        stored = {kind: store_file(team, Path(path)) for kind, path in answer["arrays"].items()}
    # A fold that is sent again would say the same again.
    prediction.notes = list(dict.fromkeys([*prediction.notes, *answer["notes"]]))
    Prediction.objects.filter(pk=prediction.pk).update(notes=prediction.notes)
    accept_part(part, stored["oof"], stored.get("test", ""))


def _file(blob: str, name: str, folder: str, kind: str) -> dict[str, str]:
    own = Path(folder) / f"{kind}-as-sent"
    own.mkdir()
    return {"path": str(path_of(blob)), "name": name, "folder": str(own)}


def settle(prediction: Prediction) -> Arrays | None:
    """Return the arrays of a prediction that is whole; else write down what it lacks (`partial`) or why it ends (`rejected`)."""
    if prediction.oof_digest:
        return Arrays(prediction.oof_digest, prediction.test_digest, [])
    parts = list(prediction.parts.order_by("fold"))
    accepted = [part for part in parts if part.state == PartState.ACCEPTED]
    rejected = [part for part in parts if part.state == PartState.REJECTED]
    whole = next((part for part in accepted if part.fold is None), None)
    if whole:
        return Arrays(whole.oof_digest, whole.test_digest, [])
    if len(accepted) == prediction.fold_set.count:
        return _put_together(prediction, accepted)
    if rejected and not accepted:
        reject_prediction(prediction, [error for part in rejected for error in part.errors])
    elif accepted:
        Prediction.objects.filter(pk=prediction.pk, state__in=UNFINISHED).update(state=PredictionState.PARTIAL)
    return None


def _put_together(prediction: Prediction, parts: list[Part]) -> Arrays:
    """OOF is the fold parts together; test is the mean over the folds."""
    team = prediction.competition.team_id
    oof = join_folds(load_folds(prediction.fold_set), [load_array(part.oof_digest) for part in parts])
    without = [part.fold for part in parts if not part.test_digest]
    if without:
        notes = [] if len(without) == len(parts) else [f"no test predictions were kept: folds {without} came without"]
        return Arrays(store_array(team, oof), "", notes)
    test = np.mean([load_array(part.test_digest) for part in parts], axis=0, dtype=np.float64).astype(np.float32)
    return Arrays(store_array(team, oof), store_array(team, test), [])


def join_folds(folds: npt.NDArray[Any], parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return the rows of all folds in train order.

    folds: (n,). parts: one array a fold, in fold order, with that fold's rows in train order.

    >>> join_folds(np.array([0, 1, 0]), [np.array([1, 3], np.float32), np.array([2], np.float32)]).tolist()
    [1.0, 2.0, 3.0]
    """
    whole = np.empty((len(folds), *parts[0].shape[1:]), dtype=np.float32)
    for fold, part in enumerate(parts):
        whole[folds == fold] = part
    return whole
