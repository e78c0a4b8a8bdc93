"""Leases: who is at work on a row, and when a sign of life last came."""

from django.db import models
from django.utils import timezone


class Leased(models.Model):
    """What a worker may hold. `queued_at` is when it was last handed to the broker; no owner means that nobody is at it."""

    queued_at = models.DateTimeField(default=timezone.now)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_beat_at = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True
