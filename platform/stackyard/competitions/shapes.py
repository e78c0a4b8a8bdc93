"""Folds in the three shapes that people use."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import numpy.typing as npt

Folds = npt.NDArray[np.int16]


def folds_as_csv(id_column: str, ids: list[str], folds: Folds) -> str:
    """Return `id,fold` lines in train order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([id_column, "fold"])
    writer.writerows(zip(ids, folds.tolist(), strict=True))
    return text.getvalue()


def folds_as_positions(digest: str, folds: Folds, count: int) -> dict[str, Any]:
    """Return the row positions of each fold, counted from 0 in train order."""
    return {"digest": digest, "folds": [np.flatnonzero(folds == fold).tolist() for fold in range(count)]}


def folds_as_lists(digest: str, ids: list[str], folds: Folds, count: int) -> dict[str, Any]:
    """Return for each fold the ids to train on and the ids to validate on."""
    names = np.asarray(ids, dtype=object)
    splits = [{"train": names[folds != fold].tolist(), "val": names[folds == fold].tolist()} for fold in range(count)]
    return {"digest": digest, "folds": splits}
