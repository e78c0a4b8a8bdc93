"""What a prediction is worth."""

from django.db import models
from django.utils import timezone

from stackyard.predictions.models import Prediction


class Score(models.Model):
    """One metric over all OOF rows ("pooled", what ranks), with its values by fold and by class.

    A decision's parameters (thresholds) are fitted on other folds than those they are judged on; `in_sample` is the flattering value.
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
