"""How Django finds this room."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """The room `training`."""

    name = "stackyard.training"
    label = "training"
