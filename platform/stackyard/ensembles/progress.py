"""How far an ensemble is: written down now and then, and the moment to see that it was cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db.models import Sum

from stackyard.ensembles.fits import fits_of
from stackyard.ensembles.models import Ensemble, EnsembleState, Level2Fit
from stackyard.ensembles.services import cancelled
from stackyard.work.failures import LeaseLost

WRITE_EVERY_SECONDS = 0.5


class Progress:
    """Counts the fits of one step. Each write is a place where the work may stop: cancelled by an admin, ended or taken over by others."""

    def __init__(self, write: Callable[[int, str], None]) -> None:
        """Count from nought. write: takes the fits that are done and a sentence on what comes next; raises where the work must stop."""
        self.write = write
        self.done = 0
        self.written_at = float("-inf")

    def begin(self, sentence: str) -> None:
        """Say what begins now; always written, so that nothing long begins unseen or after a cancellation."""
        self.write(self.done, sentence)
        self.written_at = time.monotonic()

    def count(self, done: int, total: int, sentence: str) -> None:
        """Count fits, as numerics tells of them; the last one is written, the others at most every half second."""
        self.done = done
        if done == total or time.monotonic() - self.written_at >= WRITE_EVERY_SECONDS:
            self.begin(sentence)


def fit_progress(ensemble: Ensemble, key: str, owner: str, lost: threading.Event) -> Progress:
    """Return the progress of one level-2 model, whose lease `owner` must hold."""
    rows = Level2Fit.objects.filter(ensemble=ensemble, key=key, lease_owner=owner)

    def write(done: int, sentence: str) -> None:
        if lost.is_set() or not rows.all().update(done=done):
            raise LeaseLost
        _tell(ensemble, 0, sentence)

    return Progress(write)


def blend_progress(ensemble: Ensemble, owner: str, lost: threading.Event) -> Progress:
    """Return the progress of the blend, which is done once by whoever holds the ensemble's lease."""
    rows = Ensemble.objects.filter(pk=ensemble.pk, lease_owner=owner)

    def write(done: int, sentence: str) -> None:
        if lost.is_set() or not rows.exists():
            raise LeaseLost
        _tell(ensemble, done, sentence)

    return Progress(write)


def total_of(ensemble: Ensemble) -> int:
    """Return how many fits an ensemble takes: each level-2 model on each fold, the blend on each fold and on all rows."""
    return (len(fits_of(ensemble.recipe)) + 1) * ensemble.fold_set.count + 1


def _tell(ensemble: Ensemble, blended: int, sentence: str) -> None:
    """Write down how far all workers are; raise LeaseLost where the ensemble has ended, Cancelled where it should."""
    fitted = Level2Fit.objects.filter(ensemble=ensemble).aggregate(done=Sum("done"))["done"] or 0
    progress = {"done": fitted + blended, "total": total_of(ensemble), "sentence": sentence}
    if not Ensemble.objects.filter(pk=ensemble.pk, state=EnsembleState.RUNNING).update(progress=progress):
        raise LeaseLost
    if Ensemble.objects.filter(pk=ensemble.pk, cancel_asked=True).exists():
        raise cancelled()
