"""Which level-2 models of an ensemble are still to be fitted, and how other workers hear of them. Light: the clock asks, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from stackyard.ensembles.fits import Fit, fits_of
from stackyard.ensembles.models import Ensemble, EnsembleOutput, EnsembleState, Level2Fit
from stackyard.ensembles.services import end_ensemble
from stackyard.ensembles.tasks import fit, run
from stackyard.errors import WorkerLost
from stackyard.work.sending import send_on_commit

MOST_SHARED_BYTES = 512 << 20
"""Each worker holds some three copies of the inputs: beyond this size one works alone, and 500 models still fit a small machine."""


TURNS = {"extra_trees": -2, "logistic": -1, "boosted_trees": 1, "neural_net": 2}
"""What takes longest is begun first: by who runs the ensemble (below 0), or by helpers (above 0). The others fill what is left."""


def in_turn(recipe: Mapping[str, Any]) -> list[Fit]:
    """Return a frozen recipe's fits in the order in which they are begun: from the first by who runs it, from the last by helpers.

    >>> [fit.key for fit in in_turn({"level2": ["mean", "neural_net", "ridge", "extra_trees"], "settings": {}})]
    ['extra_trees', 'mean', 'ridge', 'neural_net']
    """
    return sorted(fits_of(recipe), key=lambda fit: TURNS.get(fit.method, 0))


def hand_out(ensemble: Ensemble) -> None:
    """Write down each level-2 model as a piece of work, and tell other workers of all but the first.

    From the last on, while the caller begins with the first: they meet in the middle. Where nobody else is free, the caller does all of
    them in turn, and the messages find nothing to do.
    """
    keys = [made.key for made in in_turn(ensemble.recipe)]
    with transaction.atomic():
        known = set(ensemble.fits.values_list("key", flat=True))
        Level2Fit.objects.bulk_create([Level2Fit(ensemble=ensemble, key=key) for key in keys if key not in known], ignore_conflicts=True)
        if known or not is_shared(ensemble):
            return
        by_key = dict(ensemble.fits.values_list("key", "pk"))
        for key in keys[:0:-1]:
            send_on_commit(fit, by_key[key])


def is_shared(ensemble: Ensemble) -> bool:
    """Whether several workers may hold an ensemble's inputs at once."""
    competition = ensemble.competition
    columns = max(1, len(competition.classes)) * len(ensemble.inputs)
    if ensemble.recipe.get("restack"):
        columns += len(competition.feature_columns)
    return 4 * columns * (competition.train_rows + competition.test_rows) <= MOST_SHARED_BYTES


def unfitted(key: int | None = None) -> QuerySet[Level2Fit]:
    """Return the level-2 models that running ensembles, or the one of this key, still wait for.

    By EXISTS, without a join: a claim of such a row must look at its lease in the UPDATE itself, not in a subquery of older sight.
    """
    outputs = EnsembleOutput.objects.filter(ensemble=OuterRef("ensemble"), method=OuterRef("key"))
    running = Ensemble.objects.filter(pk=OuterRef("ensemble"), state=EnsembleState.RUNNING)
    rows = Level2Fit.objects.filter(~Exists(outputs), Exists(running))
    return rows if key is None else rows.filter(ensemble=key)


def waits_for_its_blend(key: int) -> bool:
    """Whether an ensemble runs and has all its level-2 models."""
    return Ensemble.objects.filter(pk=key, state=EnsembleState.RUNNING).exists() and not unfitted(key).exists()


def send_if_fitted(key: int) -> None:
    """Send an ensemble whose level-2 models are all there; several workers may, since only one can then hold its lease."""
    if waits_for_its_blend(key):
        send_on_commit(run, key)


def give_up_fit(key: int) -> None:
    """End an ensemble of which one level-2 model cost its worker the life in every attempt."""
    row = Level2Fit.objects.get(pk=key)
    end_ensemble(row.ensemble_id, WorkerLost(f"expected {row.key} to be fitted; the worker died at it {row.attempt} times"))
