"""Ask for a run on permuted labels, and write down how it ended. Light: a worker does the computing (`permuting`)."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from stackyard.accounts.models import User
from stackyard.accounts.services import record
from stackyard.ensembles.models import Ensemble, EnsembleState, PermutedRun
from stackyard.ensembles.services import QUEUED, UNFINISHED
from stackyard.errors import StackyardError, WorkerLost, WrongState
from stackyard.numerics.permuting import FINDS_SIGNAL

RUNS, MOST_RUNS = 5, 50


def ask_permuted(ensemble: Ensemble, actor: User, runs: int = RUNS, seed: int = 0) -> PermutedRun:
    """Have an ensemble's frozen recipe learn from permuted labels, `runs` times over.

    Raises WrongState for an ensemble that is not done, and while another such run of it goes on.
    """
    if ensemble.state != EnsembleState.DONE:
        raise WrongState(f"expected an ensemble that is done, {ensemble.name!r} is {ensemble.state}")
    try:
        with transaction.atomic():
            made = PermutedRun.objects.create(ensemble=ensemble, runs=runs, seed=seed, progress=QUEUED)
            record(ensemble.competition.team, actor, "labels permuted", f"{ensemble.competition.slug}/{ensemble.name}", runs=runs)
    except IntegrityError as error:
        raise WrongState(f"expected one run on permuted labels at a time, one of {ensemble.name!r} goes on") from error
    return made


def end_permuted(key: int, error: StackyardError, owner: str | None = None) -> bool:
    """End an unfinished run as failed; False when it has ended or belongs to another. owner: whose lease must still hold, if any."""
    rows = unfinished_permuted().filter(pk=key)
    if owner is not None:
        rows = rows.filter(lease_owner=owner)
    return bool(rows.update(state=EnsembleState.FAILED, error=error.as_json(), finished_at=timezone.now()))


def unfinished_permuted() -> QuerySet[PermutedRun]:
    """Return the runs that a worker must still look at."""
    return PermutedRun.objects.filter(state__in=UNFINISHED)


def give_up_permuted(key: int) -> None:
    """End a run that its worker died on in every attempt."""
    run = PermutedRun.objects.get(pk=key)
    end_permuted(key, WorkerLost(f"expected labels to be permuted and learned from; the worker died at it {run.attempt} times"))


def permuted_row(ensemble: Ensemble) -> dict[str, Any] | None:
    """Return the latest run of an ensemble (with `permuted_runs` prefetched, latest first); None where there is none."""
    run = next(iter(ensemble.permuted_runs.all()), None)
    if run is None:
        return None
    plain = ("state", "runs", "seed", "progress", "error", "created_at", "finished_at")
    # The blend comes last; the verdict is on the recipe: one model that finds signal is enough.
    blended = run.outcomes[-1] if run.outcomes else {}
    found = [row["verdict"] for row in run.outcomes if row["verdict"] == FINDS_SIGNAL]
    return {
        **{name: getattr(run, name) for name in plain},
        **{name: blended.get(name) for name in ("score", "chance", "sigma", "sigmas")},
        "verdict": found[0] if found else blended.get("verdict"),
        "models": run.outcomes,
    }
