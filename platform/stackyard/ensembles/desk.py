"""What the steps of an ensemble share: its inputs, and the way in which what they compute is kept. Heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from stackyard.competitions.queries import load_folds, load_truth
from stackyard.ensembles.fits import fits_of
from stackyard.ensembles.models import Ensemble, EnsembleOutput
from stackyard.ensembles.stacks import Arrays, stack_arrays
from stackyard.predictions.models import Prediction
from stackyard.predictions.services import receive_computed
from stackyard.scoring.services import score_prediction


@dataclass(frozen=True)
class Desk:
    """An ensemble that is being worked at, here or by several workers."""

    ensemble: Ensemble
    owner: str
    """Who works here: the name under which leases are held."""
    inputs: list[Prediction]
    truth: npt.NDArray[Any]
    folds: npt.NDArray[Any]


def open_desk(key: int, owner: str) -> Desk:
    """Gather what an attempt at an ensemble needs; inputs stay in the order in which they were frozen."""
    ensemble = Ensemble.objects.select_related("competition__team", "fold_set", "owner").get(pk=key)
    by_key = Prediction.objects.select_related("owner").in_bulk([row["id"] for row in ensemble.inputs])
    return Desk(
        ensemble=ensemble,
        owner=owner,
        inputs=[by_key[row["id"]] for row in ensemble.inputs],
        truth=load_truth(ensemble.competition),
        folds=load_folds(ensemble.fold_set),
    )


def stack_oof(rows: list[Prediction]) -> Arrays:
    """Return several predictions' out-of-fold arrays as one, shape (models, n[, columns])."""
    return stack_arrays([row.oof_digest for row in rows])


def stack_test(rows: list[Prediction]) -> Arrays | None:
    """Return several predictions' test arrays as one, or None where one of them has none."""
    return stack_arrays([row.test_digest for row in rows]) if all(row.test_digest for row in rows) else None


def stored_before(desk: Desk, name: str) -> Prediction | None:
    """Return what an earlier attempt at this very ensemble stored under a name."""
    ensemble = desk.ensemble
    return ensemble.competition.predictions.filter(owner=ensemble.owner, name=name, recipe__ensemble=ensemble.pk).order_by("pk").first()


def keep(
    desk: Desk, name: str, level: int, oof: Arrays, test: Arrays | None, recipe: dict[str, Any], parents: list[Prediction]
) -> Prediction:
    """Put a computed prediction through the one door; its recipe names its parents in the order in which they were used."""
    ensemble = desk.ensemble
    whole = {"ensemble": ensemble.pk, **recipe, "parents": [row.pk for row in parents]}
    return receive_computed(ensemble.competition, ensemble.fold_set, ensemble.owner, name, level, oof, test, whole, parents)


def score_output(desk: Desk, prediction: Prediction, method: str) -> None:
    """Score a prediction by the recipe's decision and note it among the outputs, unless an earlier attempt has."""
    if EnsembleOutput.objects.filter(ensemble=desk.ensemble, method=method).exists():
        return
    score_prediction(prediction, decision=desk.ensemble.recipe["decision"])
    EnsembleOutput.objects.get_or_create(ensemble=desk.ensemble, method=method, defaults={"prediction": prediction})


def fitted_models(desk: Desk) -> list[Prediction] | None:
    """Return the level-2 predictions in the recipe's order, whoever made them and when; None while one is not there yet."""
    outputs = EnsembleOutput.objects.filter(ensemble=desk.ensemble).select_related("prediction__owner")
    by_key = {output.method: output.prediction for output in outputs}
    keys = [fit.key for fit in fits_of(desk.ensemble.recipe)]
    return [by_key[key] for key in keys] if by_key.keys() >= set(keys) else None
