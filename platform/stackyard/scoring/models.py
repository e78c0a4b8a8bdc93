"""What a prediction is worth, how sure that is, and whether its neighbours on the leaderboard are worth more."""

from django.db import models
from django.utils import timezone

from stackyard.predictions.models import Prediction
from stackyard.work.models import Leased


class Score(Leased):
    """One metric over all OOF rows ("pooled", what ranks), with its values by fold and by class.

    A decision's parameters (thresholds) are fitted on other folds than those they are judged on; `in_sample` is the flattering value.
    The lease is that of the worker who measures how sure the value is; the score stands before.
    """

    prediction = models.OneToOneField(Prediction, models.CASCADE, related_name="score_row")
    metric = models.CharField(max_length=60)
    value = models.FloatField()
    mean = models.FloatField(null=True)
    std = models.FloatField(null=True)
    by_fold = models.JSONField(default=list)
    by_class = models.JSONField(default=list)
    in_sample = models.FloatField()
    # {"name": ..., "parameters": ...}: fitted on all OOF rows, used for the test rows.
    decision = models.JSONField(default=dict)
    computed_at = models.DateTimeField(default=timezone.now)
    # An array of what was judged, one entry a row; empty for scores from before there were intervals.
    judged_digest = models.CharField(max_length=64, blank=True)
    # The score on resamples of the rows, and the interval that they give; null where the metric is seldom defined on them.
    resampled_digest = models.CharField(max_length=64, blank=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    # Null: a worker must still look at it.
    measured_at = models.DateTimeField(null=True)


class Comparison(models.Model):
    """Two predictions that are, or once were, next to each other in some ranking. A new score of either ends it."""

    above = models.ForeignKey(Prediction, models.CASCADE, related_name="+")
    below = models.ForeignKey(Prediction, models.CASCADE, related_name="+")
    within_noise = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["below", "above"], name="one_comparison_a_pair")]
