"""`manage.py check_blobs`: read every stored blob again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stackyard.storage.checking import check_storage


class Command(BaseCommand):
    """Report blobs whose bytes are gone or changed, and blobs that no team holds."""

    help = "Read every stored blob again; exit 1 where one is damaged. Changes nothing."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run it."""
        findings = check_storage()
        for orphan in findings.orphans:
            self.stdout.write(f"orphan: {orphan} is held by no team")
        for sentence in findings.damaged:
            self.stdout.write(f"damaged: {sentence}")
        self.stdout.write(f"{findings.checked} blobs read, {len(findings.damaged)} damaged, {len(findings.orphans)} orphans")
        if findings.damaged:
            # With the file out of the way the blob counts as unknown, and whoever has the bytes can send them again.
            raise CommandError("move the damaged files out of the blobs folder, and upload their bytes again")
