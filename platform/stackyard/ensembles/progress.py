"""How far an ensemble is: written down now and then, and the moment to see that it was cancelled."""

from __future__ import annotations

import threading
import time

from stackyard.ensembles.models import Ensemble
from stackyard.ensembles.services import cancelled
from stackyard.work.failures import LeaseLost

WRITE_EVERY_SECONDS = 0.5


class Progress:
    """Counts fits. Each write is a place where the work may stop: cancelled by an admin, or taken over by another worker."""

    def __init__(self, key: int, owner: str, total: int, lost: threading.Event) -> None:
        self.rows = Ensemble.objects.filter(pk=key, lease_owner=owner)
        self.total = total
        self.lost = lost
        self.before = 0
        self.done = 0
        self.written_at = float("-inf")

    def begin(self, sentence: str) -> None:
        """Say what begins now; always written, so that nothing long begins unseen or after a cancellation."""
        self._write(sentence)

    def count(self, done: int, total: int, sentence: str) -> None:
        """Count the fits of the step at hand, as numerics tells of them; written at most every half second."""
        self.done = self.before + done
        if done == total:
            self.before = self.done
        if time.monotonic() - self.written_at >= WRITE_EVERY_SECONDS:
            self._write(sentence)

    def skip(self, fits: int) -> None:
        """Count what an earlier attempt has done."""
        self.before = self.done = self.before + fits

    def _write(self, sentence: str) -> None:
        progress = {"done": self.done, "total": self.total, "sentence": sentence}
        if self.lost.is_set() or not self.rows.all().update(progress=progress):
            raise LeaseLost
        self.written_at = time.monotonic()
        if self.rows.filter(cancel_asked=True).exists():
            raise cancelled()
