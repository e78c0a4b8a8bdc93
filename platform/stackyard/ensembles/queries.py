"""Read ensembles: how far one is, what it was made of, what came of it. One row is cheap, since it is asked for every two seconds."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet

from stackyard.accounts.models import Team
from stackyard.competitions.models import Competition
from stackyard.ensembles.fits import fits_of
from stackyard.ensembles.models import Ensemble, EnsembleOutput, PermutedRun
from stackyard.ensembles.permuted import permuted_row
from stackyard.errors import NotFound


def ensembles_of(competition: Competition) -> QuerySet[Ensemble]:
    """Return a competition's ensembles, newest first."""
    return _whole_rows().filter(competition=competition).order_by("-created_at", "-pk")


def ensemble_for(team: Team, key: int) -> Ensemble:
    """Return a team's ensemble; one of another team is as unknown as one that does not exist."""
    try:
        return _whole_rows().get(pk=key, competition__team=team)
    except Ensemble.DoesNotExist as error:
        raise NotFound(f"expected an ensemble of your team, got {key}") from error


def _whole_rows() -> QuerySet[Ensemble]:
    outputs = Prefetch("outputs", EnsembleOutput.objects.select_related("prediction").order_by("pk"))
    permuted = Prefetch("permuted_runs", PermutedRun.objects.order_by("-pk").defer("trials"))
    return Ensemble.objects.select_related("competition__team", "owner", "blended").prefetch_related(outputs, permuted)


def row_of(ensemble: Ensemble) -> dict[str, Any]:
    """Return an ensemble as the API answers it; it must come from this module's queries."""
    plain = ("id", "name", "state", "progress", "recipe", "score", "in_sample_score", "weights", "error", "created_at")
    return {
        **{name: getattr(ensemble, name) for name in plain},
        "competition": ensemble.competition.slug,
        "owner": ensemble.owner.username,
        "started_at": ensemble.started_at,
        "finished_at": ensemble.finished_at,
        "inputs": [{key: row[key] for key in ("id", "name", "owner", "variant", "version", "label")} for row in ensemble.inputs],
        "members": ensemble.report.get("members", []),
        "decision": ensemble.report.get("decision", {}),
        "notes": ensemble.report.get("notes", []),
        "predictions": [_output_row(output) for output in _in_order(ensemble)],
        "permuted": permuted_row(ensemble),
        "prediction": ensemble.blended_id,
        "prediction_name": ensemble.blended.name if ensemble.blended else None,
    }


def _in_order(ensemble: Ensemble) -> list[EnsembleOutput]:
    """Return the outputs in the recipe's order, the blend last: several workers may have made them in any other."""
    places = {fit.key: place for place, fit in enumerate(fits_of(ensemble.recipe))} if ensemble.outputs.all() else {}
    return sorted(ensemble.outputs.all(), key=lambda output: places.get(output.method, len(places)))


def _output_row(output: EnsembleOutput) -> dict[str, Any]:
    prediction = output.prediction
    return {
        "id": prediction.pk,
        "name": prediction.name,
        "level": prediction.level,
        "method": output.method,
        "score": prediction.score,
        "has_test": bool(prediction.test_digest),
    }
