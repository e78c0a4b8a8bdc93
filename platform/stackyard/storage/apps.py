"""How Django finds this room."""

from django.apps import AppConfig


class StorageConfig(AppConfig):
    """The room `storage`."""

    name = "stackyard.storage"
    label = "storage"
