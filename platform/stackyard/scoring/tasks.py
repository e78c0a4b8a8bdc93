"""Messages of the queue, each turned into one call."""

from celery import shared_task


@shared_task
def read_and_score(key: int) -> None:
    """Read and score one prediction."""
    from stackyard.scoring import services  # heavy (numba): kept out of the web process, which only sends this task

    services.read_and_score(key)
