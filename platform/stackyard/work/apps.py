"""How Django finds this room."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """The room `work`."""

    name = "stackyard.work"
    label = "work"
