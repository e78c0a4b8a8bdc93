"""One level-2 model of an ensemble: fitted by whichever worker takes it first. Heavy."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from stackyard.ensembles.desk import Desk, keep, open_desk, score_output, stack_oof, stack_test, stored_before
from stackyard.ensembles.fits import Fit, fits_of
from stackyard.ensembles.models import Level2Fit
from stackyard.ensembles.progress import Progress, fit_progress
from stackyard.ensembles.services import end_ensemble
from stackyard.ensembles.sharing import is_shared, send_if_fitted, unfitted
from stackyard.ensembles.stacks import load_features
from stackyard.errors import StackyardError
from stackyard.numerics.stacking import cross_fit
from stackyard.predictions.models import Prediction
from stackyard.work.failures import naming_failure
from stackyard.work.leases import claim, holding, new_owner


def help_out(key: int) -> int | None:
    """Take one level-2 model of an ensemble that another worker runs, unless somebody is at it already; safe to run twice.

    key: of the Level2Fit. Whoever ends the last one sends the ensemble, so that its blend begins. Returns the ensemble's key, None where
    there was nothing to do.
    """
    row = unfitted().select_related("ensemble__competition").filter(pk=key).first()
    if row is None or not is_shared(row.ensemble):
        return None
    owner = new_owner()

    def end(error: StackyardError) -> None:
        if Level2Fit.objects.filter(pk=key, lease_owner=owner).exists():
            end_ensemble(row.ensemble_id, error)

    desk = open_desk(row.ensemble_id, owner)
    fit = next(fit for fit in fits_of(desk.ensemble.recipe) if fit.key == row.key)
    fit_model(desk, fit, naming_failure("the ensemble to be computed", end))
    send_if_fitted(row.ensemble_id)
    return int(row.ensemble_id)


def fit_model(desk: Desk, fit: Fit, failing: AbstractContextManager[None] | None = None) -> None:
    """Fit, keep and score one level-2 model, unless another worker is at it, or was.

    failing: what deals with a failure while the model's lease is still held; left to the caller where it is not given.
    """
    if not claim(unfitted(desk.ensemble.pk).filter(key=fit.key), desk.owner):
        return
    with holding(Level2Fit.objects.filter(ensemble=desk.ensemble, key=fit.key), desk.owner) as lost, failing or nullcontext():
        progress = fit_progress(desk.ensemble, fit.key, desk.owner, lost)
        name = f"{desk.ensemble.name}/{fit.key}"
        progress.begin(f"{fit.key}: begins")
        prediction = stored_before(desk, name) or _fit(desk, fit, name, progress)
        folds = desk.ensemble.fold_set.count
        progress.count(folds, folds, f"{fit.key}: scoring")
        score_output(desk, prediction, fit.key)


def _fit(desk: Desk, fit: Fit, name: str, progress: Progress) -> Prediction:
    recipe, competition = desk.ensemble.recipe, desk.ensemble.competition
    made_by = {"method": fit.method, "seed": recipe["seed"], "settings": dict(fit.settings)}
    if fit.is_restacked:
        made_by["features"] = competition.features_digest
    fitted = cross_fit(
        fit.method,
        stack_oof(desk.inputs),
        stack_test(desk.inputs),
        desk.truth,
        desk.folds,
        competition.task,
        seed=made_by["seed"],
        settings=made_by["settings"],
        features=load_features(made_by.get("features"), len(desk.truth)),
        progress=progress.count,
    )
    # The last count was written, so the lease still held: two workers do not keep the same model twice.
    return keep(desk, name, 2, fitted.oof, fitted.test, made_by, desk.inputs)
