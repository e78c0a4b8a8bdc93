"""How Django finds this room."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The room `demo`."""

    name = "stackyard.demo"
    label = "demo"
