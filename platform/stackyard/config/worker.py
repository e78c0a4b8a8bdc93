"""The worker process: `celery -A stackyard.config.worker worker -Q cpu`, or `-Q gpu`."""

import os
from pathlib import Path
from typing import Any

from celery.signals import beat_embedded_init, worker_process_init, worker_ready

from stackyard.config.celery import app
from stackyard.config.orphans import die_with_parent

__all__ = ["app"]

# Celery forks its pool and its clock from this process, after it was imported.
WORKER = os.getpid()


@worker_process_init.connect
@beat_embedded_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool process, or the clock, whose worker was killed would go on alone: let the kernel end it."""
    if os.getpid() != WORKER:  # A pool of the kind `solo` is the worker itself.
        die_with_parent(WORKER)


@worker_ready.connect
def announce_ready(**_: Any) -> None:
    """Tell who started this worker, by a file, that it is connected and takes work."""
    if ready_file := os.environ.get("STACKYARD_READY_FILE"):
        Path(ready_file).touch()
