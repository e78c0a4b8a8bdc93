"""How Django finds this room."""

from django.apps import AppConfig


class ScoringConfig(AppConfig):
    """The room `scoring`."""

    name = "stackyard.scoring"
    label = "scoring"
