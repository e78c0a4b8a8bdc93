"""Who is at work on a row: claimed by a conditional UPDATE, kept alive by a heartbeat, taken back when the heart stops.

The broker only carries ids and may deliver one twice or never; these rows are the judge of what is being worked at (DESIGN 4).
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from django.db import OperationalError, connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from stackyard.work.models import Leased

log = logging.getLogger(__name__)

BEAT_SECONDS = 10
STALE_AFTER = timedelta(seconds=45)
# A message that the broker lost is sent again after this long. A row that merely waits in a long queue is then sent twice: harmless.
RESEND_AFTER = timedelta(seconds=60)
MAX_ATTEMPTS = 3


def new_owner() -> str:
    """Return a name for one attempt, which says where it runs."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"


def _free() -> Q:
    return Q(lease_owner="") | Q(lease_beat_at__lt=timezone.now() - STALE_AFTER)


def claim(rows: QuerySet[Leased], owner: str) -> bool:
    """Take the one row of `rows` (narrowed to a key and to the states that may be worked at); False when somebody else has it.

    A row whose last owner's heart stopped is taken over. Each claim counts as an attempt.
    """
    return rows.filter(_free()).update(lease_owner=owner, lease_beat_at=timezone.now(), attempt=F("attempt") + 1) == 1


def beat(rows: QuerySet[Leased], owner: str) -> bool:
    """Give a sign of life; False when the lease was taken away."""
    return rows.filter(lease_owner=owner).update(lease_beat_at=timezone.now()) == 1


def release(rows: QuerySet[Leased], owner: str) -> bool:
    """Give the row back after work that ended well; False when the lease had been taken away.

    Attempts count from nought again: they are those that ended in a death, not the uploads of ten folds.
    """
    return rows.filter(lease_owner=owner).update(lease_owner="", lease_beat_at=None, attempt=0) == 1


def drop(rows: QuerySet[Leased], owner: str) -> bool:
    """Give the row back after work that broke off; the attempt counts."""
    return rows.filter(lease_owner=owner).update(lease_owner="", lease_beat_at=None) == 1


@contextmanager
def holding(rows: QuerySet[Leased], owner: str) -> Iterator[threading.Event]:
    """Beat in a thread while the block runs, and give the lease back after it; the event yielded is set if the lease is lost."""
    stop, lost = threading.Event(), threading.Event()

    def keep_beating() -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                held = beat(rows.all(), owner)
            except OperationalError:
                # A database that is busy or starts again: the next beat may come through, and only then is it known who holds the lease.
                log.warning("a heartbeat of %s did not reach the database", owner)
                continue
            if not held:
                lost.set()
                break
        connection.close()

    thread = threading.Thread(target=keep_beating, daemon=True)
    thread.start()
    end = drop
    try:
        yield lost
        end = release
    finally:
        stop.set()
        thread.join()
        end(rows.all(), owner)


def take_back_stale(rows: QuerySet[Leased]) -> list[int]:
    """Return the keys of unfinished rows that nobody is at and that should be sent to the broker again.

    rows: narrowed to unfinished states. A dead owner's lease is removed; a row that was never picked up is due after RESEND_AFTER.
    Each key is returned by one caller only, however many reap at once.
    """
    now = timezone.now()
    dead = ~Q(lease_owner="") & Q(lease_beat_at__lt=now - STALE_AFTER)
    forgotten = Q(lease_owner="", queued_at__lt=now - RESEND_AFTER)
    due = rows.filter(dead | forgotten)
    return [
        key
        for key, queued_at in due.values_list("pk", "queued_at")
        if due.filter(pk=key, queued_at=queued_at).update(lease_owner="", lease_beat_at=None, queued_at=now)
    ]


def requeue_stale(rows: QuerySet[Leased], send: Callable[[int], object], give_up: Callable[[int], None]) -> None:
    """Send every row that a dead worker left or the broker lost; give up on those that have had all their attempts."""
    for key in take_back_stale(rows):
        tired = rows.filter(pk=key, attempt__gte=MAX_ATTEMPTS).exists()
        (give_up if tired else send)(key)
