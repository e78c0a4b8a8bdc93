"""Files that are still arriving: one a team and digest, grown by one writer at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings


def place_of_partial(team_id: int, digest: str) -> Path:
    """Return where a team's half-sent blob grows."""
    return settings.HOME / "partial" / str(team_id) / digest


def size_of_partial(team_id: int, digest: str) -> int:
    """Return how many bytes have come; 0 where none have."""
    try:
        return place_of_partial(team_id, digest).stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def hold_partial(place: Path) -> Iterator[BinaryIO]:
    """Open the file for appending, alone: other requests, threads and processes wait.

    The lock belongs to the file, not to its name: who waited may hold a file that has meanwhile become a blob, and must open
    the name again before writing a single byte.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with place.open("ab") as growing:
            fcntl.flock(growing, fcntl.LOCK_EX)
            if _is_still(growing, place):
                # The end may have moved while this one waited.
                growing.seek(0, os.SEEK_END)
                yield growing
                return


def drop_partial(place: Path) -> None:
    """Delete the file, once nobody is writing it."""
    if place.exists():
        with hold_partial(place):
            place.unlink()


def drop_stale_partial(place: Path, before: float) -> bool:
    """Delete a file whose last byte came before that moment (seconds since 1970), unless somebody is writing it."""
    with place.open("ab") as idle:
        try:
            fcntl.flock(idle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not _is_still(idle, place) or os.fstat(idle.fileno()).st_mtime >= before:
            return False
        place.unlink()
        return True


def _is_still(handle: BinaryIO, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle.fileno()), place.stat())
    except FileNotFoundError:
        return False
