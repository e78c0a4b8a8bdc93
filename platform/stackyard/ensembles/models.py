"""Stacking and blending runs."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from stackyard.competitions.models import Competition, FoldSet
from stackyard.predictions.models import Prediction
from stackyard.work.models import Leased


class EnsembleState(models.TextChoices):
    """`queued -> running -> done | failed | cancelled`."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Ensemble(Leased):
    """Frozen inputs, level-2 models, blend, decision. Yields Predictions."""

    competition = models.ForeignKey(Competition, models.CASCADE, related_name="ensembles")
    fold_set = models.ForeignKey(FoldSet, models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    recipe = models.JSONField()
    # [{"id", "name", "owner", "version", "variant", "oof_digest", "test_digest"}]: frozen when it was triggered.
    inputs = models.JSONField()
    state = models.CharField(max_length=10, choices=EnsembleState, default=EnsembleState.QUEUED)
    cancel_asked = models.BooleanField(default=False)
    # How many fits of how many, and what is being done: {"done", "total", "sentence"}.
    progress = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    # Nested, and the flattering one beside it.
    score = models.FloatField(null=True)
    in_sample_score = models.FloatField(null=True)
    # Of each model that the blend uses, by its name.
    weights = models.JSONField(default=dict)
    # The search's own path and the weights found on folds != k.
    report = models.JSONField(default=dict)
    blended = models.ForeignKey(Prediction, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["competition", "name"], name="one_ensemble_a_name"),
            models.CheckConstraint(condition=~models.Q(state="done") | models.Q(score__isnull=False), name="a_done_ensemble_has_a_score"),
        ]


class Level2Fit(Leased):
    """One level-2 model of an ensemble: a piece of work that any worker may take. It is done when there is an output of its key."""

    ensemble = models.ForeignKey(Ensemble, models.CASCADE, related_name="fits")
    key = models.CharField(max_length=60)
    # How many folds are fitted.
    done = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ensemble", "key"], name="one_fit_a_key")]


class PermutedRun(Leased):
    """The same recipe and inputs, learned from permuted labels. It yields no predictions and never ranks."""

    ensemble = models.ForeignKey(Ensemble, models.CASCADE, related_name="permuted_runs")
    # How many permutations, and what their order is drawn by.
    runs = models.PositiveSmallIntegerField()
    seed = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10, choices=EnsembleState, default=EnsembleState.QUEUED)
    progress = models.JSONField(default=dict)
    # A list a permutation: {"name", "score", "chance", "sigma", "sigmas"} of each level-2 model and of the blend.
    trials = models.JSONField(default=list)
    # The same keys over all permutations, with a verdict, a row a model.
    outcomes = models.JSONField(default=list)
    error = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ensemble"],
                condition=models.Q(state__in=[EnsembleState.QUEUED, EnsembleState.RUNNING]),
                name="one_permuted_run_at_a_time",
            )
        ]


class EnsembleOutput(models.Model):
    """A prediction that an ensemble made."""

    ensemble = models.ForeignKey(Ensemble, models.CASCADE, related_name="outputs")
    prediction = models.OneToOneField(Prediction, models.CASCADE, related_name="made_by")
    method = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ensemble", "method"], name="one_output_a_method")]


class InsightState(models.TextChoices):
    """`queued -> running -> done | failed`, and queued again when there are other predictions."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Insight(Leased):
    """What a competition's level-1 predictions are to each other. The report of the last inputs stays while that of new ones is made."""

    competition = models.OneToOneField(Competition, models.CASCADE, related_name="insight")
    state = models.CharField(max_length=7, choices=InsightState, default=InsightState.QUEUED)
    # How many scored level-1 predictions there were when the last computation began: another number means that it is out of date.
    seen = models.PositiveIntegerField(default=0)
    # Of the code that made the report: a newer one makes it anew.
    made_by = models.PositiveSmallIntegerField(default=0)
    # Of the inputs that the report tells of; empty until there is one.
    digest = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    computed_at = models.DateTimeField(null=True)
