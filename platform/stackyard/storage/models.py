"""Which team holds which bytes."""

from django.db import models
from django.utils import timezone


class Blob(models.Model):
    """One team's right to bytes named by their SHA-256; the file itself is shared by all that hold it.

    A team gets a row only by sending the bytes (or by the server making them), so that knowing a digest gives nobody anything.
    """

    # Accounts lies above this room, so the team is named by its key alone.
    team_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team_id", "digest"], name="one_blob_a_team")]
