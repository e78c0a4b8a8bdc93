"""Learn from permuted labels by an ensemble's own recipe. Heavy: for workers only.

Nothing of it is a Prediction, so nothing can rank or be submitted. Each permutation is written down when it is done, and the next attempt
goes on after it.
"""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils import timezone

from stackyard.competitions.queries import load_folds, load_truth
from stackyard.ensembles.finishing import BLENDED
from stackyard.ensembles.fits import fits_of
from stackyard.ensembles.models import EnsembleState, PermutedRun
from stackyard.ensembles.permuted import end_permuted, unfinished_permuted
from stackyard.ensembles.stacks import load_features
from stackyard.numerics.evaluation import evaluate
from stackyard.numerics.metrics import metric_for
from stackyard.numerics.permuting import Trial, conclude, judge_trial, permute_within_folds
from stackyard.numerics.stacking import cross_fit, nested_blend
from stackyard.storage.queries import load_array
from stackyard.work.failures import LeaseLost, naming_failure
from stackyard.work.leases import claim, holding, new_owner


def run_permuted(key: int) -> None:
    """Bring one run on permuted labels to `done` or `failed`; safe to run twice."""
    owner = new_owner()
    if not claim(unfinished_permuted().filter(pk=key), owner):
        return
    ends = naming_failure("labels to be permuted and learned from", lambda error: end_permuted(key, error, owner))
    with holding(PermutedRun.objects.filter(pk=key), owner) as lost, ends:
        run = PermutedRun.objects.select_related("ensemble__competition", "ensemble__fold_set").get(pk=key)
        bench = Bench(run, owner, lost)
        bench.write(state=EnsembleState.RUNNING)
        for number in range(len(run.trials), run.runs):
            run.trials.append(bench.try_permutation(number))
            bench.write(trials=run.trials)
        bench.write(state=EnsembleState.DONE, outcomes=_outcomes(run.trials), finished_at=timezone.now())


def _outcomes(trials: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return one row a model, the blend last: what its trials come to."""
    models = zip(*trials, strict=True)
    return [{"name": rows[0]["name"], **asdict(conclude([Trial(**_without_name(row)) for row in rows]))} for rows in models]


def _without_name(row: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in row.items() if name != "name"}


class Bench:
    """One attempt at a run: the frozen inputs, and the labels in ever other orders."""

    def __init__(self, run: PermutedRun, owner: str, lost: threading.Event) -> None:
        ensemble = run.ensemble
        self.run, self.lost = run, lost
        self.rows = unfinished_permuted().filter(pk=run.pk, lease_owner=owner)
        self.recipe, self.competition = ensemble.recipe, ensemble.competition
        self.truth, self.folds = load_truth(ensemble.competition), load_folds(ensemble.fold_set)
        self.inputs = np.stack([load_array(row["oof_digest"]) for row in ensemble.inputs])

    def write(self, **fields: Any) -> None:
        """Write fields down; whoever has lost the lease stops here."""
        if self.lost.is_set() or not self.rows.all().update(**fields):
            raise LeaseLost

    def try_permutation(self, number: int) -> list[dict[str, Any]]:
        """Return the trial of each level-2 model and of the blend on one permutation, which the run's seed and its number fix."""
        random = np.random.default_rng([self.run.seed, number])
        truth = permute_within_folds(self.truth, self.folds, random)
        fits, made = fits_of(self.recipe), {}
        for done, fit in enumerate(fits):
            self._tell(number, done, fit.key)
            made[fit.key] = cross_fit(
                fit.method,
                self.inputs,
                None,
                truth,
                self.folds,
                self.competition.task,
                seed=self.recipe["seed"],
                settings=fit.settings,
                features=load_features(self.competition.features_digest, len(truth)) if fit.is_restacked else None,
            ).oof
        self._tell(number, len(fits), BLENDED)
        candidates = np.concatenate([np.stack(list(made.values())), self.inputs]) if made else self.inputs
        metric, options = self.competition.metric, self.competition.metric_options
        made[BLENDED] = nested_blend(candidates, truth, self.folds, self.recipe["blend"], metric, options=options).oof
        return [{"name": name, **asdict(self._judge(truth, oof, number))} for name, oof in made.items()]

    def _judge(self, truth: npt.NDArray[Any], oof: npt.NDArray[Any], number: int) -> Trial:
        task, name, options = self.competition.task, self.competition.metric, self.competition.metric_options
        judged = evaluate(truth, oof, self.folds, task, name, options, self.recipe["decision"]).judged
        return judge_trial(metric_for(name, task), truth, judged, self.folds, options, seed=number)

    def _tell(self, number: int, done: int, what: str) -> None:
        steps = len(fits_of(self.recipe)) + 1
        sentence = f"permutation {number + 1} of {self.run.runs}: {what}"
        self.write(progress={"done": number * steps + done, "total": self.run.runs * steps, "sentence": sentence})
