"""How Django finds this room."""

from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    """The room `submissions`."""

    name = "stackyard.submissions"
    label = "submissions"
