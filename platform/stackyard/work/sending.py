"""Hand a row's key to the broker once its transaction is committed."""

import logging

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def send_on_commit(task: Task, key: int) -> None:
    """Send the key after the commit. A broker that is down loses nothing: the reaper sends every unfinished row again."""

    def send() -> None:
        try:
            task.delay(key)
        except OperationalError:
            log.warning("the broker does not answer; %s(%s) waits for the reaper", task.name, key)

    transaction.on_commit(send)
