"""The one door: whatever makes predictions comes in here, is validated, stored, and can be stacked again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from stackyard.accounts.models import User
from stackyard.accounts.services import record
from stackyard.competitions.models import Competition, FoldSet
from stackyard.competitions.queries import active_fold_set
from stackyard.errors import FoldsMismatch, StackyardError, UnknownFold, WorkerLost, WrongState
from stackyard.predictions.models import Part, PartState, Prediction, PredictionState
from stackyard.storage.queries import require
from stackyard.storage.services import store_array

UNFINISHED = (PredictionState.RECEIVING, PredictionState.PARTIAL)
ATTEMPTS_AT_A_VERSION = 5


@dataclass(frozen=True)
class File:
    """A blob and the name that it came under, which says its format."""

    blob: str
    filename: str


@dataclass(frozen=True)
class Upload:
    """What a member says of an upload. `folds` is the digest of the fold set that the OOF was made on; empty: not said."""

    name: str
    oof: File
    test: File | None = None
    variant: str = ""
    fold: int | None = None
    folds: str = ""
    level: int = 1
    repeats: str = "error"
    empty_tags: str = "error"
    recipe: dict[str, Any] = field(default_factory=dict)


def receive_upload(competition: Competition, owner: User, upload: Upload) -> Prediction:
    """Keep one upload; a worker then reads and scores it.

    A fold joins the owner's latest unfinished prediction of that name and variant; anything else makes a new version.
    Raises FoldsMismatch, UnknownFold, BlobUnknown, WrongState.
    """
    folds = active_fold_set(competition)
    _check(competition, folds, upload)
    for _ in range(ATTEMPTS_AT_A_VERSION):
        try:
            with transaction.atomic():
                prediction = _unfinished(competition, owner, upload) or _new_version(competition, folds, owner, upload)
                _keep_part(prediction, upload)
                record(competition.team, owner, "prediction uploaded", f"{competition.slug}/{prediction}", fold=upload.fold)
                return prediction
        except IntegrityError:
            continue  # two uploads of one name at once: the other one took the version
    raise WrongState(f"expected to find a free version of {upload.name!r}; too many uploads of that name came at once")


def _check(competition: Competition, folds: FoldSet, upload: Upload) -> None:
    if upload.folds and upload.folds != folds.digest:
        raise FoldsMismatch(f"expected predictions made on folds {folds.digest[:12]}…, got ones made on {upload.folds[:12]}…")
    if upload.fold is not None and not 0 <= upload.fold < folds.count:
        raise UnknownFold(f"expected a fold from 0 to {folds.count - 1}, got {upload.fold}")
    for file in (upload.oof, upload.test):
        if file is not None:
            require(competition.team_id, file.blob)


def _unfinished(competition: Competition, owner: User, upload: Upload) -> Prediction | None:
    if upload.fold is None:
        return None
    latest = competition.predictions.filter(owner=owner, name=upload.name, variant=upload.variant).order_by("-version").first()
    joins = latest is not None and latest.state in UNFINISHED and not latest.parts.filter(fold=None).exists() and not latest.oof_digest
    return latest if joins else None


def _new_version(competition: Competition, folds: FoldSet, owner: User, upload: Upload) -> Prediction:
    return Prediction.objects.create(
        competition=competition,
        fold_set=folds,
        owner=owner,
        name=upload.name,
        variant=upload.variant,
        version=next_version(competition, owner, upload.name, upload.variant),
        level=upload.level,
        recipe=upload.recipe,
        repeats=upload.repeats,
        empty_tags=upload.empty_tags,
    )


def next_version(competition: Competition, owner: User, name: str, variant: str) -> int:
    """Return the version that a further prediction of this name would have, from 1."""
    taken = competition.predictions.filter(owner=owner, name=name, variant=variant).aggregate(last=Max("version"))["last"]
    return (taken or 0) + 1


def _keep_part(prediction: Prediction, upload: Upload) -> None:
    prediction.parts.filter(fold=upload.fold).delete()
    Part.objects.create(
        prediction=prediction,
        fold=upload.fold,
        oof_blob=upload.oof.blob,
        oof_name=upload.oof.filename,
        test_blob=upload.test.blob if upload.test else "",
        test_name=upload.test.filename if upload.test else "",
    )
    Prediction.objects.filter(pk=prediction.pk).update(queued_at=timezone.now())


def receive_computed(
    competition: Competition,
    fold_set: FoldSet,
    owner: User,
    name: str,
    level: int,
    oof: npt.NDArray[np.float32],
    test: npt.NDArray[np.float32] | None,
    recipe: dict[str, Any],
    parents: list[Prediction],
    variant: str = "",
) -> Prediction:
    """Keep what the server itself computed; it is then scored like any upload.

    oof: float32 (n,) or (n, C) in train order; test likewise in test order, or None.
    """
    oof_digest = store_array(competition.team_id, np.asarray(oof, dtype=np.float32))
    test_digest = "" if test is None else store_array(competition.team_id, np.asarray(test, dtype=np.float32))
    with transaction.atomic():
        prediction = Prediction.objects.create(
            competition=competition,
            fold_set=fold_set,
            owner=owner,
            name=name,
            variant=variant,
            version=next_version(competition, owner, name, variant),
            level=level,
            recipe=recipe,
            oof_digest=oof_digest,
            test_digest=test_digest,
        )
        prediction.parents.set(parents)
    return prediction


def accept_part(part: Part, oof_digest: str, test_digest: str) -> None:
    """Record that a part keeps the contract, and where its aligned arrays are."""
    Part.objects.filter(pk=part.pk, state=PartState.WAITING).update(
        state=PartState.ACCEPTED, oof_digest=oof_digest, test_digest=test_digest, errors=[]
    )


def reject_part(part: Part, errors: list[dict[str, Any]]) -> None:
    """Record why a part breaks the contract."""
    Part.objects.filter(pk=part.pk, state=PartState.WAITING).update(state=PartState.REJECTED, errors=errors)


def reject_prediction(prediction: Prediction, errors: list[dict[str, Any]]) -> None:
    """End a prediction that cannot be scored."""
    Prediction.objects.filter(pk=prediction.pk, state__in=UNFINISHED).update(state=PredictionState.REJECTED, errors=errors)


def reject_with(prediction: Prediction, error: StackyardError) -> None:
    """End a prediction for one named reason."""
    reject_prediction(prediction, [error.as_json()])


def unread_predictions() -> QuerySet[Prediction]:
    """Return the predictions that a worker must still look at."""
    waiting = Prediction.objects.filter(state=PredictionState.PARTIAL, parts__state=PartState.WAITING).values("pk")
    return Prediction.objects.filter(Q(state=PredictionState.RECEIVING) | Q(pk__in=waiting))


def give_up_prediction(key: int) -> None:
    """Reject a prediction that its worker died on in every attempt."""
    prediction = Prediction.objects.get(pk=key)
    error = WorkerLost(f"expected the files to be read and scored; the worker died at it {prediction.attempt} times")
    for part in prediction.parts.filter(state=PartState.WAITING):
        reject_part(part, [error.as_json()])
    reject_with(prediction, error)
