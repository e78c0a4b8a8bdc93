"""Uploading as a member's program does: blobs first, then the names of the blobs."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.world import Person


def put_blob(person: Person, data: bytes) -> str:
    """Send bytes, and return their digest."""
    digest = hashlib.sha256(data).hexdigest()
    answer = person.put(f"blobs/{digest}", data=data, content_type="application/octet-stream")
    assert answer.status_code in {200, 201}, answer.content
    return digest


def create(person: Person, spec: dict[str, Any], files: dict[str, str]) -> Any:
    """Create a competition from texts."""
    return person.post("competitions", {"spec": spec, "files": {name: put_blob(person, text.encode()) for name, text in files.items()}})


def upload(person: Person, slug: str, oof: str, test: str | None = None, **fields: Any) -> Any:
    """Upload texts as CSV files."""
    body: dict[str, Any] = {"name": "model", **fields, "oof": {"blob": put_blob(person, oof.encode()), "filename": "oof.csv"}}
    if test is not None:
        body["test"] = {"blob": put_blob(person, test.encode()), "filename": "test.csv"}
    return person.post(f"competitions/{slug}/predictions", body)


ROWS = 12
COINS = {
    "slug": "coins",
    "name": "Coins",
    "task": "binary",
    "metric": "binary_log_loss",
    "id_column": "id",
    "labels": "train.csv",
    "label_column": "heads",
    "sample_submission": "sample.csv",
    "folds": {"count": 3, "seed": 0},
}
TRUTH = [row % 2 for row in range(ROWS)]
COINS_FILES = {
    "train.csv": "id,heads\n" + "".join(f"c{row},{truth}\n" for row, truth in enumerate(TRUTH)),
    "sample.csv": "id,heads\nt0,0.5\nt1,0.5\n",
}
TEST_ROWS = "id,heads\nt1,0.75\nt0,0.25\n"


def oof_text(values: list[float], rows: list[int] | None = None) -> str:
    """Return predictions of the coins, whole or of some rows, as CSV."""
    chosen = list(range(ROWS)) if rows is None else rows
    return "id,heads\n" + "".join(f"c{row},{values[row]}\n" for row in chosen)
