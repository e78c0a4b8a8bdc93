"""Files handed to the competition's host, where they came from, and what came of them."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from stackyard.competitions.models import Competition
from stackyard.predictions.models import Prediction
from stackyard.work.models import Leased


class SubmissionState(models.TextChoices):
    """`queued` until a worker has written the file; then `built`, or `failed` with its reason."""

    QUEUED = "queued"
    BUILT = "built"
    FAILED = "failed"


class Submission(Leased):
    """The file (a blob named by digest), its lineage, and its leaderboard results."""

    competition = models.ForeignKey(Competition, models.CASCADE, related_name="submissions")
    # Counts up within the competition: what people call it.
    number = models.PositiveIntegerField()
    prediction = models.ForeignKey(Prediction, models.PROTECT, related_name="submissions")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=SubmissionState, default=SubmissionState.QUEUED)
    error = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    rows = models.PositiveIntegerField(default=0)
    # Everything the bytes depend on, by digest: test array, decision, format, parents down to the uploaded files.
    lineage = models.JSONField(default=dict)
    # The last rebuild: {"key", "state": "queued" | "identical" | "differs", "deep", "checks": [...], "error": {...}}
    rebuild = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    # The UTC day whose quota it used, and which of that day's places it took: the constraint below makes the quota hold however many
    # ask at once. A failed submission gives its place back (null).
    day = models.DateField()
    slot = models.PositiveIntegerField(null=True)
    public_score = models.FloatField(null=True)
    private_score = models.FloatField(null=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["competition", "number"], name="one_submission_a_number"),
            models.UniqueConstraint(fields=["competition", "day", "slot"], name="one_submission_a_place"),
            models.CheckConstraint(condition=~models.Q(state="built") | ~models.Q(digest=""), name="a_built_submission_has_a_file"),
        ]
