"""An upload's way: the file or frame becomes a blob, the server judges it, and what it found becomes one outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from members.answers import Prediction
from members.contracts import Contracts
from members.frames import parquet_bytes, table_of_values
from members.progress import OnStep, Step
from members.transfer import Parcel, send_parcel
from members.waiting import wait_until
from members.wire import PATIENT_PAUSES, Wire, path_to


def send_path(wire: Wire, path: Path, progress: OnStep) -> str:
    """Send a file; return its digest."""
    return send_parcel(wire, Parcel.from_path(path, progress), progress)


def hand_in(wire: Wire, contracts: Contracts, slug: str, values: Any, which: str, fold: int | None, progress: OnStep) -> dict[str, str]:
    """Send "oof" or "test" values; return {blob, filename}. A path goes as it is; what lies in memory goes as Parquet."""
    if isinstance(values, (str, Path)):
        return {"blob": send_path(wire, Path(values), progress), "filename": Path(values).name}
    table = table_of_values(values, contracts.fetch(slug), which, fold)
    parcel = Parcel.from_bytes(f"{which}.parquet", parquet_bytes(table))
    return {"blob": send_parcel(wire, parcel, progress), "filename": parcel.name}


def wait_judged(wire: Wire, prediction: Prediction, fold: int | None, progress: OnStep) -> Prediction:
    """Return the prediction once the server has judged this upload (of the whole, or of one fold)."""

    def ask() -> Prediction:
        answer: Prediction = wire.get(path_to("predictions", prediction["id"]), pauses=PATIENT_PAUSES)
        return answer

    def show(answer: Prediction) -> None:
        progress(Step(f"the server reads and scores {answer['name']} ({answer['state']})"))

    return wait_until(prediction, ask, lambda answer: is_judged(answer, fold), show, wire.sleep)


def is_judged(prediction: Prediction, fold: int | None) -> bool:
    """Return whether this upload's outcome stands, whatever becomes of other folds.

    >>> parts = [{"fold": 0, "state": "accepted"}, {"fold": 1, "state": "waiting"}]
    >>> is_judged({"state": "receiving", "parts": parts, "missing_folds": [1]}, fold=0)
    True
    """
    if prediction["state"] in {"scored", "rejected"}:
        return True
    part = _part(prediction, fold)
    if fold is None or part is None or part["state"] == "waiting":
        return False
    # when this was the last fold that was missing, the score is still to come
    return part["state"] == "rejected" or bool(prediction["missing_folds"])


def with_outcome(prediction: Prediction, fold: int | None) -> Prediction:
    """Return the prediction with this upload's state and errors: a refused fold is `rejected`, although the prediction waits for another.

    >>> refused = {"fold": 1, "state": "rejected", "errors": [{"error": "MissingIds"}]}
    >>> with_outcome({"state": "partial", "errors": [], "parts": [refused]}, fold=1)["errors"]
    [{'error': 'MissingIds'}]
    """
    part = _part(prediction, fold)
    if part is None or part["state"] != "rejected":
        return prediction
    return {**prediction, "state": "rejected", "errors": prediction["errors"] or part["errors"]}


def _part(prediction: Prediction, fold: int | None) -> dict[str, Any] | None:
    return next((part for part in prediction.get("parts", []) if part["fold"] == fold), None)
