"""Wires the rooms together: settings, addresses, the queue, the server process."""

from stackyard.config.celery import app as celery_app

__all__ = ["celery_app"]
