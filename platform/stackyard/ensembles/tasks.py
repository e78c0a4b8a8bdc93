"""Messages of the queue, each turned into one call."""

from celery import shared_task


@shared_task
def run(key: int) -> None:
    """Compute one ensemble."""
    from stackyard.ensembles import running  # heavy (numba, scikit-learn, torch): kept out of the web process, which only sends this task

    running.run_ensemble(key)


@shared_task
def fit(key: int) -> None:
    """Fit one level-2 model of an ensemble that another worker runs."""
    from stackyard.ensembles import running  # heavy, as above

    running.fit_one(key)


@shared_task
def run_permuted(key: int) -> None:
    """Learn from permuted labels by one ensemble's recipe."""
    from stackyard.ensembles import permuting  # heavy, as above

    permuting.run_permuted(key)


@shared_task
def compute_insight(key: int) -> None:
    """Compute what one competition's predictions are to each other."""
    from stackyard.ensembles import insight_running  # heavy (numba, scikit-learn): kept out of the web process

    insight_running.compute_insight(key)
