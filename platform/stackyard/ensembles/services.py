"""Ask for an ensemble, cancel it, write down how far it is and how it ended. Light: a worker does the computing (`running`)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from stackyard.accounts.models import User
from stackyard.accounts.services import record
from stackyard.competitions.models import Competition, FoldSet
from stackyard.competitions.queries import active_fold_set
from stackyard.ensembles.models import Ensemble, EnsembleState
from stackyard.ensembles.recipes import parse_recipe
from stackyard.errors import Cancelled, FoldsMismatch, NameTaken, RecipeInvalid, StackyardError, WorkerLost, WrongState
from stackyard.predictions.models import Prediction
from stackyard.predictions.queries import latest_scored, names_of, predictions_of

UNFINISHED = (EnsembleState.QUEUED, EnsembleState.RUNNING)
TRIES_AT_A_NAME = 20
QUEUED = {"done": 0, "total": 0, "sentence": "waits for a worker"}


def trigger_ensemble(
    competition: Competition,
    owner: User,
    name: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    only: Sequence[str] | None = None,
) -> Ensemble:
    """Freeze a recipe and its inputs, the latest scored level-1 predictions; a worker then computes.

    name: of the ensemble and of the prediction that it yields; "ensemble-N" where none is given.
    only: names of predictions to take ("name", "owner/name", "name:variant"); all of them where it is not given.
    Where some inputs have test predictions and others do not, the others are left out and the ensemble says so.
    Raises RecipeInvalid, WrongState, FoldsMismatch, NameTaken.
    """
    parsed = parse_recipe(recipe, competition).as_json()
    folds = active_fold_set(competition)
    inputs, notes = _with_test(_chosen(competition, only))
    _check_folds(inputs, folds)
    frozen = {"recipe": parsed, "inputs": _frozen(inputs), "report": {"notes": notes}, "progress": QUEUED}
    for _ in range(TRIES_AT_A_NAME):
        chosen = name or _next_name(competition)
        _check_name(competition, chosen)
        try:
            with transaction.atomic():
                ensemble = Ensemble.objects.create(competition=competition, fold_set=folds, owner=owner, name=chosen, **frozen)
                record(competition.team, owner, "ensemble triggered", f"{competition.slug}/{chosen}", inputs=len(inputs))
                return ensemble
        except IntegrityError:
            continue  # another ensemble took the name in between: a given name is then refused, a counted one goes on
    raise NameTaken("expected to find a free name; too many ensembles were triggered at once")


def _chosen(competition: Competition, only: Sequence[str] | None) -> list[Prediction]:
    """Return the inputs in the order in which they came, which is the order of every array made from them."""
    scored = list(latest_scored(competition).filter(level=1))
    if only is None:
        if not scored:
            raise WrongState(f"expected at least one scored level-1 prediction in {competition.slug!r}, got none")
        return scored
    if not only:
        raise RecipeInvalid("expected at least one name in only, got an empty list")
    called = {row.pk: names_of(row) for row in scored}
    for name in only:
        if not any(name in names for names in called.values()):
            _refuse_name(competition, name, sorted({known for names in called.values() for known in names}))
    # The longest name of a prediction is its own: it takes nothing else along, as "owner/name" would its variants.
    own = {names_of(row)[-1]: row.pk for row in scored}
    exact = {own[name] for name in only if name in own}
    loose = {name for name in only if name not in own}
    return [row for row in scored if row.pk in exact or loose & set(called[row.pk])]


def _refuse_name(competition: Competition, name: str, known: list[str]) -> None:
    unfinished = next((row for row in predictions_of(competition).filter(level=1) if name in names_of(row)), None)
    if unfinished is not None:
        raise WrongState(f"expected scored predictions only, {name!r} is {unfinished.state}")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f"the nearest is {near[0]!r}" if near else "there are none yet"
    raise RecipeInvalid(f"expected names of scored level-1 predictions, got {name!r}; {hint}")


def _with_test(inputs: list[Prediction]) -> tuple[list[Prediction], list[str]]:
    """Leave out what has no test predictions, unless nothing has any: else one missing file would cost the whole submission."""
    kept = [row for row in inputs if row.test_digest]
    if not kept:
        return inputs, ["no input has test predictions, so nothing made here can be submitted"]
    left_out = [names_of(row)[-1] for row in inputs if not row.test_digest]
    return kept, [f"left out, since without test predictions: {', '.join(left_out)}"] if left_out else []


def _check_folds(inputs: Sequence[Prediction], folds: FoldSet) -> None:
    foreign = [names_of(row)[-1] for row in inputs if row.fold_set_id != folds.pk]
    if foreign:
        raise FoldsMismatch(f"expected inputs made on folds {folds.digest[:12]}… only, got others: {', '.join(foreign[:5])}")


def _frozen(inputs: Sequence[Prediction]) -> list[dict[str, Any]]:
    labels = labels_of(inputs)
    plain = ("id", "name", "version", "variant", "oof_digest", "test_digest")
    return [
        {**{key: getattr(row, key) for key in plain}, "owner": row.owner.username, "label": label}
        for row, label in zip(inputs, labels, strict=True)
    ]


def labels_of(rows: Sequence[Prediction]) -> list[str]:
    """Return for each prediction the shortest of its names that no other one here has."""
    called = [names_of(row) for row in rows]
    everyone = [name for names in called for name in names]
    return [next((name for name in names if everyone.count(name) == 1), names[-1]) for names in called]


def _next_name(competition: Competition) -> str:
    """Return "ensemble-N", one more than the highest N of any ensemble or prediction."""
    taken = [*_names_like_ours(competition.ensembles), *_names_like_ours(competition.predictions)]
    return f"ensemble-{max(taken, default=0) + 1}"


def _names_like_ours(rows: Any) -> list[int]:
    names = rows.filter(name__startswith="ensemble-").values_list("name", flat=True)
    return [int(match[1]) for match in (re.match(r"ensemble-(\d+)(?:/|$)", name) for name in names) if match]


def _check_name(competition: Competition, name: str) -> None:
    """A name is one ensemble's, and no prediction's: else what it yields would be a new version of somebody's model."""
    yielded = Q(name=name) | Q(name__startswith=f"{name}/")
    if competition.ensembles.filter(name=name).exists() or competition.predictions.filter(yielded).exists():
        raise NameTaken(f"expected a name that no ensemble or prediction of {competition.slug!r} has, got {name!r}")


def cancel_ensemble(ensemble: Ensemble, actor: User) -> Ensemble:
    """End an ensemble that nobody has begun; ask the worker of a running one to stop after the fit at hand.

    Raises WrongState for one that has ended.
    """
    with transaction.atomic():
        rows = Ensemble.objects.filter(pk=ensemble.pk, state__in=UNFINISHED)
        if not rows.update(cancel_asked=True):
            raise WrongState(f"expected an ensemble that is queued or running, {ensemble.name!r} is {ensemble.state}")
        record(ensemble.competition.team, actor, "ensemble cancelled", f"{ensemble.competition.slug}/{ensemble.name}")
        rows.filter(state=EnsembleState.QUEUED, lease_owner="").update(**_ended(EnsembleState.CANCELLED, cancelled()))
    ensemble.refresh_from_db()
    return ensemble


def cancelled() -> Cancelled:
    """Return the reason of an ensemble that an admin cancelled."""
    return Cancelled("the ensemble was cancelled by an admin")


def _ended(state: str, error: StackyardError) -> dict[str, Any]:
    return {"state": state, "error": error.as_json(), "finished_at": timezone.now()}


def end_ensemble(key: int, error: StackyardError, owner: str | None = None) -> bool:
    """End an unfinished ensemble as failed, or as cancelled where that is the reason; False when it has ended or belongs to another.

    owner: whose lease must still hold; None where nobody holds one.
    """
    rows = Ensemble.objects.filter(pk=key, state__in=UNFINISHED)
    if owner is not None:
        rows = rows.filter(lease_owner=owner)
    state = EnsembleState.CANCELLED if isinstance(error, Cancelled) else EnsembleState.FAILED
    return bool(rows.update(**_ended(state, error)))


def unfinished_ensembles() -> QuerySet[Ensemble]:
    """Return the ensembles that a worker must still look at."""
    return Ensemble.objects.filter(state__in=UNFINISHED)


def give_up_ensemble(key: int) -> None:
    """End an ensemble that its worker died on in every attempt."""
    ensemble = Ensemble.objects.get(pk=key)
    end_ensemble(key, WorkerLost(f"expected the ensemble to be computed; the worker died at it {ensemble.attempt} times"))
