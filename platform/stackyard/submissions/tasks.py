"""Messages of the queue, each turned into one call."""

from celery import shared_task


@shared_task
def build(key: int) -> None:
    """Write the file of one submission."""
    from stackyard.submissions import building  # heavy (numba): kept out of the web process, which only sends this task

    building.build_submission(key)


@shared_task
def rebuild(key: int) -> None:
    """Write the file of one submission again from its lineage, and compare."""
    from stackyard.submissions import rebuilding  # heavy (numba, scikit-learn, torch): kept out of the web process

    rebuilding.rebuild_submission(key)
