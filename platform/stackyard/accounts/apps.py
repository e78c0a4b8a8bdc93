"""How Django finds this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The room `accounts`."""

    name = "stackyard.accounts"
    label = "accounts"
