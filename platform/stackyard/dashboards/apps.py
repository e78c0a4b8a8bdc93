"""How Django finds this room."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """The room `dashboards`."""

    name = "stackyard.dashboards"
    label = "dashboards"
