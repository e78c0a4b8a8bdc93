"""What a model predicted, and the files it came in."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from stackyard.competitions.models import Competition, FoldSet
from stackyard.work.models import Leased


class PredictionState(models.TextChoices):
    """`receiving` while a worker reads, `partial` while folds are missing, then `scored` or `rejected`."""

    RECEIVING = "receiving"
    PARTIAL = "partial"
    SCORED = "scored"
    REJECTED = "rejected"


class PartState(models.TextChoices):
    """A part is `waiting` for a worker, then `accepted` or `rejected`."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Prediction(Leased):
    """One model's out-of-fold and test predictions, in the competition's row order."""

    competition = models.ForeignKey(Competition, models.CASCADE, related_name="predictions")
    fold_set = models.ForeignKey(FoldSet, models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    variant = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField(default=1)
    # How it was made, as its maker says.
    recipe = models.JSONField(default=dict)
    parents = models.ManyToManyField("self", symmetrical=False, related_name="children")
    # "error" | "mean": what to do with several rows an id; "error" | "accept": what to do with empty tag fields.
    repeats = models.CharField(max_length=5, default="error")
    empty_tags = models.CharField(max_length=6, default="error")
    state = models.CharField(max_length=10, choices=PredictionState, default=PredictionState.RECEIVING)
    errors = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    # Digests of aligned float32 .npy blobs; the test array may be absent.
    oof_digest = models.CharField(max_length=64, blank=True)
    test_digest = models.CharField(max_length=64, blank=True)
    # The pooled score, kept beside the state so that the database itself can promise that only `scored` is ranked.
    score = models.FloatField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    scored_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["competition", "owner", "name", "variant", "version"], name="one_prediction_a_version"),
            models.CheckConstraint(
                condition=(models.Q(state="scored") & models.Q(score__isnull=False) & ~models.Q(oof_digest=""))
                | (~models.Q(state="scored") & models.Q(score__isnull=True)),
                name="only_scored_is_ranked",
            ),
            models.CheckConstraint(condition=models.Q(level__gte=1), name="levels_begin_at_one"),
        ]
        indexes = [models.Index(fields=["competition", "state", "score"])]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Part(models.Model):
    """One upload of a prediction: a whole, or one fold. Uploading a fold again replaces it until the prediction is scored."""

    prediction = models.ForeignKey(Prediction, models.CASCADE, related_name="parts")
    # Null: the whole.
    fold = models.PositiveSmallIntegerField(null=True)
    # The files as they came.
    oof_blob = models.CharField(max_length=64)
    oof_name = models.CharField(max_length=255)
    test_blob = models.CharField(max_length=64, blank=True)
    test_name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=8, choices=PartState, default=PartState.WAITING)
    errors = models.JSONField(default=list)
    # Aligned .npy blobs; a fold's OOF array has that fold's rows only.
    oof_digest = models.CharField(max_length=64, blank=True)
    test_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prediction", "fold"], name="one_part_a_fold"),
            # A null is never equal to another, so the whole needs a constraint of its own (SQLite has no NULLS NOT DISTINCT).
            models.UniqueConstraint(fields=["prediction"], condition=models.Q(fold__isnull=True), name="one_whole_part"),
        ]
