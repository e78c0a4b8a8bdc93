"""Compute an ensemble: level-2 models, then the blend and its decision. Heavy: for workers only.

Every step may be run again: what an attempt that died has stored is found and used by the next one, and the same inputs give the same
bytes. What a cancelled or failed ensemble has stored stays: level-2 predictions rank and can be submitted like any other.

One worker runs the ensemble and takes its level-2 models one by one; others that are free take some off its hands (`fitting.help_out`).
"""

from __future__ import annotations

import threading

from django.utils import timezone

from stackyard.ensembles.desk import fitted_models, open_desk
from stackyard.ensembles.finishing import finish
from stackyard.ensembles.fitting import fit_model, help_out
from stackyard.ensembles.models import Ensemble, EnsembleState
from stackyard.ensembles.progress import blend_progress
from stackyard.ensembles.services import UNFINISHED, end_ensemble
from stackyard.ensembles.sharing import hand_out, in_turn, waits_for_its_blend
from stackyard.work.failures import naming_failure
from stackyard.work.leases import claim, holding, new_owner


def run_ensemble(key: int) -> None:
    """Bring one ensemble to `done`, `failed` or `cancelled`, or as far as other workers let it; safe to run twice.

    Whoever then ends the last level-2 model sends the ensemble again. One that ends while this still holds the lease is seen by the last
    look, after the lease is given back.
    """
    while _once(key) and waits_for_its_blend(key):
        pass


def fit_one(key: int) -> None:
    """Take one level-2 model off another worker's hands; where it was the last, blend at once instead of waiting in the queue again.

    key: of the Level2Fit; safe to run twice.
    """
    ensemble = help_out(key)
    if ensemble is not None and waits_for_its_blend(ensemble):
        run_ensemble(ensemble)


def _once(key: int) -> bool:
    owner = new_owner()
    if not claim(Ensemble.objects.filter(pk=key, state__in=UNFINISHED), owner):
        return False
    ends = naming_failure("the ensemble to be computed", lambda error: end_ensemble(key, error, owner))
    with holding(Ensemble.objects.filter(pk=key), owner) as lost, ends:
        mine = Ensemble.objects.filter(pk=key, lease_owner=owner)
        mine.update(state=EnsembleState.RUNNING)
        mine.filter(started_at=None).update(started_at=timezone.now())
        _work(key, owner, lost)
    return True


def _work(key: int, owner: str, lost: threading.Event) -> None:
    desk = open_desk(key, owner)
    hand_out(desk.ensemble)
    for fit in in_turn(desk.ensemble.recipe):
        fit_model(desk, fit)
    level2 = fitted_models(desk)
    if level2 is not None:
        finish(desk, level2, blend_progress(desk.ensemble, owner, lost))
