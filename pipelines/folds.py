"""The team's folds, in the three shapes that the server hands out, and the digest that names them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.errors import FoldsInvalid, FoldsMismatch
from pipelines.tables import read_columns, shown

FOLDS_FORM = b"stackyard folds 1\n"
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Folds:
    """A fold number for each train id."""

    numbers: Rows
    """int64 (n,), 0 to count - 1, in the order of the train ids."""
    digest: str

    @property
    def count(self) -> int:
        """How many folds there are."""
        return int(self.numbers.max()) + 1

    def outside(self, fold: int) -> Rows:
        """Return the rows that a fold's net learns from, int64, rising; raise FoldsInvalid where there is no such fold."""
        return np.flatnonzero(self._is_in(fold) == 0)

    def inside(self, fold: int) -> Rows:
        """Return the rows that a fold's net predicts out of fold; otherwise as outside."""
        return np.flatnonzero(self._is_in(fold))

    def _is_in(self, fold: int) -> npt.NDArray[np.bool_]:
        if not 0 <= fold < self.count:
            raise FoldsInvalid(f"expected a fold from 0 to {self.count - 1}, got {fold}")
        return np.asarray(self.numbers == fold)

    def require(self, digest: str) -> None:
        """Raise FoldsMismatch where a digest is named and is not these folds'."""
        if digest and digest != self.digest:
            raise FoldsMismatch(f"expected the folds {digest}, got {self.digest}")


def folds_digest(ids: Sequence[str], numbers: npt.ArrayLike) -> str:
    """Return the digest that names a fold set, whatever the order of its rows; the server computes the same.

    Form: a heading, then for each id, sorted by its UTF-8 bytes, a line "LENGTH:ID,FOLD" where LENGTH counts the id's bytes.

    >>> folds_digest(["a", "b"], [0, 1]) == folds_digest(["b", "a"], [1, 0])
    True
    """
    pairs = sorted((name.encode(), int(number)) for name, number in zip(ids, np.asarray(numbers).tolist(), strict=True))
    lines = b"".join(b"%d:%s,%d\n" % (len(name), name, number) for name, number in pairs)
    return hashlib.sha256(FOLDS_FORM + lines).hexdigest()


def read_folds(path: str | Path, ids: Sequence[str], id_column: str = "id") -> Folds:
    """Return the fold of each train id: from CSV (id and fold), or JSON as the server gives it (row positions, or lists of ids, a fold).

    Raises FoldsInvalid: unreadable, ids that are missing, unknown or repeated (how many and the first five), numbers with gaps.
    """
    path = Path(path)
    pairs = _read_json(path, ids) if path.suffix == ".json" else _read_csv(path, id_column)
    return folds_of(pairs, ids, path)


def folds_of(pairs: Sequence[tuple[str, int]], ids: Sequence[str], where: object = "the folds") -> Folds:
    """Return folds from (id, fold) in any order; raise FoldsInvalid."""
    fold_of = dict(pairs)
    if len(fold_of) != len(pairs):
        again = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        raise FoldsInvalid(f"expected each id once in {where}, got {shown(again)} again")
    missing, unknown = [name for name in ids if name not in fold_of], sorted(set(fold_of) - set(ids))
    for said, names in (("without", missing), ("with unknown", unknown)):
        if names:
            raise FoldsInvalid(f"expected exactly the {len(ids)} train ids in {where}, got {len(pairs)} {said} {shown(names)}")
    numbers = np.array([fold_of[name] for name in ids], np.int64)
    found = np.unique(numbers)
    if len(found) < 2 or not np.array_equal(found, np.arange(len(found))):
        raise FoldsInvalid(f"expected folds numbered 0 to K - 1 without a gap, two or more, in {where}, got {shown(found.tolist())}")
    return Folds(numbers, folds_digest(ids, numbers))


def _read_csv(path: Path, id_column: str) -> list[tuple[str, int]]:
    columns = read_columns(path)
    column = next((name for name in (id_column, "id") if name in columns), None)
    if column is None or "fold" not in columns:
        raise FoldsInvalid(f"expected the columns {id_column} and fold in {path}, got {', '.join(columns)}")
    bad = [text for text in columns["fold"] if not text.strip().isdecimal()]
    if bad:
        raise FoldsInvalid(f"expected whole fold numbers in {path}, got {shown(bad)}")
    return list(zip(columns[column], map(int, columns["fold"]), strict=True))


def _read_json(path: Path, ids: Sequence[str]) -> list[tuple[str, int]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        folds = document["folds"] if isinstance(document, dict) else document
        return _PAIRS["lists" if isinstance(folds[0], dict) else "positions"](folds, ids)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise FoldsInvalid(f"expected row positions or train and val lists a fold in {path}, got something else: {error!r}") from error


def _pairs_of_positions(folds: Any, ids: Sequence[str]) -> list[tuple[str, int]]:
    if any(position < 0 for positions in folds for position in positions):
        raise ValueError("a position below 0")
    return [(ids[position], fold) for fold, positions in enumerate(folds) for position in positions]


def _pairs_of_lists(folds: Any, ids: Sequence[str]) -> list[tuple[str, int]]:
    del ids
    return [(str(name), fold) for fold, split in enumerate(folds) for name in split["val"]]


_PAIRS: dict[str, Callable[[Any, Sequence[str]], list[tuple[str, int]]]] = {"positions": _pairs_of_positions, "lists": _pairs_of_lists}
"""Shape -> (id, fold) of each row."""
