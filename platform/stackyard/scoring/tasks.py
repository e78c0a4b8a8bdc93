"""Messages of the queue, each turned into one call."""

from celery import shared_task


@shared_task
def read_and_score(key: int) -> None:
    """Read and score one prediction."""
    from stackyard.scoring import services  # heavy (numba): kept out of the web process, which only sends this task

    services.read_and_score(key)


@shared_task
def measure(key: int) -> None:
    """Measure how sure one score is, and compare the prediction with its neighbours."""
    from stackyard.scoring import measuring  # heavy (numba): kept out of the web process, which only sends this task

    measuring.measure_score(key)
