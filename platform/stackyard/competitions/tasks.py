"""Messages of the queue, each turned into one call."""

from celery import shared_task


@shared_task
def prepare(key: int) -> None:
    """Open one competition."""
    from stackyard.competitions import preparing  # heavy (numba): kept out of the web process, which only sends this task

    preparing.prepare_competition(key)
