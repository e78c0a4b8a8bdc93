"""Whether storage is whole: every row has its bytes, and every blob has a row."""

from dataclasses import dataclass, field

from stackyard.errors import BlobDamaged
from stackyard.storage.blobs import open_blobs
from stackyard.storage.models import Blob
from stackyard.storage.queries import verify


@dataclass
class Findings:
    """What a check found: sentences on damaged blobs, and blobs that no team holds."""

    checked: int = 0
    damaged: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)


def check_storage() -> Findings:
    """Read every blob again and compare; changes nothing.

    An orphan is harmless: an upload that ended between the file and its row, and that the next one of the same bytes adopts.
    """
    # Files first: a blob that arrives meanwhile then has its row too, and is not taken for an orphan.
    stored = set(open_blobs().digests())
    named = set(Blob.objects.values_list("digest", flat=True))
    findings = Findings(orphans=sorted(stored - named))
    for digest in sorted(stored | named):
        findings.checked += 1
        try:
            verify(digest)
        except BlobDamaged as damage:
            findings.damaged.append(damage.detail)
    return findings
