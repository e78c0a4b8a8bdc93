"""How Django finds this room."""

from django.apps import AppConfig


class CompetitionsConfig(AppConfig):
    """The room `competitions`."""

    name = "stackyard.competitions"
    label = "competitions"
