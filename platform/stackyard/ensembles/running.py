"""Compute an ensemble: level-2 models, then the blend and its decision. Heavy: for workers only.

Every step may be run again: what an attempt that died has stored is found and used by the next one, and the same inputs give the same
bytes. What a cancelled or failed ensemble has stored stays: level-2 predictions rank and can be submitted like any other.
"""

from __future__ import annotations

from django.utils import timezone

from stackyard.ensembles.desk import Desk, keep, open_desk, score_output, stack_oof, stack_test, stored_before
from stackyard.ensembles.finishing import finish
from stackyard.ensembles.models import Ensemble, EnsembleState
from stackyard.ensembles.services import UNFINISHED, end_ensemble
from stackyard.numerics.stacking import cross_fit
from stackyard.predictions.models import Prediction
from stackyard.work.failures import naming_failure
from stackyard.work.leases import claim, holding, new_owner


def run_ensemble(key: int) -> None:
    """Bring one ensemble to `done`, `failed` or `cancelled`; safe to run twice."""
    owner = new_owner()
    if not claim(Ensemble.objects.filter(pk=key, state__in=UNFINISHED), owner):
        return
    ends = naming_failure("the ensemble to be computed", lambda error: end_ensemble(key, error, owner))
    with holding(Ensemble.objects.filter(pk=key), owner) as lost, ends:
        ensemble = Ensemble.objects.select_related("competition__team", "fold_set", "owner").get(pk=key)
        begun = {"state": EnsembleState.RUNNING, "started_at": ensemble.started_at or timezone.now()}
        Ensemble.objects.filter(pk=key, lease_owner=owner).update(**begun)
        desk = open_desk(ensemble, owner, lost)
        finish(desk, [_level2_output(desk, method) for method in ensemble.recipe["level2"]])


def _level2_output(desk: Desk, method: str) -> Prediction:
    """Return the scored prediction of one level-2 method: what an earlier attempt stored, or a new one."""
    name = f"{desk.ensemble.name}/{method}"
    desk.progress.begin(f"{method}: begins")
    prediction = stored_before(desk, name)
    if prediction is None:
        prediction = _fit(desk, method, name)
    else:
        desk.progress.skip(desk.ensemble.fold_set.count)
    score_output(desk, prediction, method)
    return prediction


def _fit(desk: Desk, method: str, name: str) -> Prediction:
    recipe, competition = desk.ensemble.recipe, desk.ensemble.competition
    made_by = {"method": method, "seed": recipe["seed"], "settings": recipe["settings"].get(method, {})}
    fitted = cross_fit(
        method,
        stack_oof(desk.inputs),
        stack_test(desk.inputs),
        desk.truth,
        desk.folds,
        competition.task,
        seed=made_by["seed"],
        settings=made_by["settings"],
        progress=desk.progress.count,
    )
    return keep(desk, name, 2, fitted.oof, fitted.test, made_by, desk.inputs)
