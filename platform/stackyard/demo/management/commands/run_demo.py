"""`manage.py run_demo`: tell the demo's story against the server at STACKYARD_URL."""

import os
import secrets
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from rich.console import Console

from stackyard.demo.story import Story, tell
from stackyard.errors import StackyardError


class Command(BaseCommand):
    """Exit with 0 when a valid submission was written."""

    help = "Do the main job end to end on scanned digits, against the running server."
    requires_system_checks = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Run it."""
        console = Console(highlight=False, soft_wrap=True)
        url, password = os.environ["STACKYARD_URL"], secrets.token_urlsafe(9)
        try:
            tell(Story(console), url, settings.HOME, password)
        except (StackyardError, ValueError) as error:
            console.print(f"[red]The demo failed:[/red] {type(error).__name__}: {error}")
            sys.exit(1)
        console.print(f"Look at it: [b]{url}[/b], as [b]ada[/b] with the password [b]{password}[/b]\n")
