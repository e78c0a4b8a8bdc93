"""How Django finds this room."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The room `config`."""

    name = "stackyard.config"
    label = "config"
