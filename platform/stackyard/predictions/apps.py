"""How Django finds this room."""

from django.apps import AppConfig


class PredictionsConfig(AppConfig):
    """The room `predictions`."""

    name = "stackyard.predictions"
    label = "predictions"
