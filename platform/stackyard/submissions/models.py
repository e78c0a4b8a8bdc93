"""Files handed to the competition's host, where they came from, and what came of them."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from stackyard.competitions.models import Competition
from stackyard.predictions.models import Prediction


class Submission(models.Model):
    """The file (a blob named by digest), its lineage, and its leaderboard results."""

    competition = models.ForeignKey(Competition, models.CASCADE, related_name="submissions")
    # Counts up within the competition: what people call it.
    number = models.PositiveIntegerField()
    prediction = models.ForeignKey(Prediction, models.PROTECT, related_name="submissions")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    # Everything the bytes depend on, by digest: test array, decision, format, parents down to the uploaded files.
    lineage = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    # The UTC day whose quota it used.
    day = models.DateField()
    public_score = models.FloatField(null=True)
    private_score = models.FloatField(null=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["competition", "number"], name="one_submission_a_number")]
