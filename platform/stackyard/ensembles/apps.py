"""How Django finds this room."""

from django.apps import AppConfig


class EnsemblesConfig(AppConfig):
    """The room `ensembles`."""

    name = "stackyard.ensembles"
    label = "ensembles"
