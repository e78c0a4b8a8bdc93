"""`manage.py write_errors_page`: docs/errors.md anew from the classes."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from stackyard.api.errors_page import errors_page


class Command(BaseCommand):
    """Write the page that lists every error."""

    help = "Write docs/errors.md from stackyard.errors."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run it."""
        (settings.ROOT / "docs" / "errors.md").write_text(errors_page())
