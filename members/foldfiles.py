"""The common folds in the three shapes that people use, checked against the digest that names them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Literal, TypedDict

import numpy as np
import polars as pl
from stackyard.contract.contract import Contract
from stackyard.contract.digests import folds_digest
from stackyard.errors import DigestMismatch, ServerFault

Shape = Literal["csv", "positions", "lists"]
SHAPES: tuple[Shape, ...] = ("csv", "positions", "lists")


class FoldFile(TypedDict):
    """Folds as they were served."""

    digest: str
    shape: Shape
    folds: list[Any]
    """csv: {"id", "fold"} a row · positions: the row positions of each fold, from 0 in train order · lists: {"train", "val"} ids a fold."""
    text: str
    """The same as a file."""


def read_fold_file(text: str, shape: Shape, contract: Contract) -> FoldFile:
    """Return what the server sent, parsed; raise DigestMismatch unless it says the same as the contract's digest."""
    try:
        folds = _read_csv(text) if shape == "csv" else json.loads(text)["folds"]
        fold_of = _PAIRS[shape](folds, contract)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ServerFault(f"expected folds in the shape {shape}, got something else: {error!r}") from error
    if folds_digest(pl.Series(list(fold_of), dtype=pl.String), np.array(list(fold_of.values()), dtype=np.int64)) != contract.folds_digest:
        raise DigestMismatch(f"expected the folds {contract.folds_digest[:12]}…, got others: fetch them again")
    return {"digest": contract.folds_digest, "shape": shape, "folds": folds, "text": text}


def _read_csv(text: str) -> list[dict[str, Any]]:
    header, *rows = csv.reader(io.StringIO(text))
    if header[1:] != ["fold"]:
        raise ValueError(f"a header {header}")
    return [{"id": name, "fold": int(fold)} for name, fold in rows]


def _pairs_of_rows(folds: list[Any], contract: Contract) -> dict[str, int]:
    del contract
    return {row["id"]: row["fold"] for row in folds}


def _pairs_of_positions(folds: list[Any], contract: Contract) -> dict[str, int]:
    ids = contract.train_ids.to_list()
    return {ids[position]: fold for fold, positions in enumerate(folds) for position in positions}


def _pairs_of_lists(folds: list[Any], contract: Contract) -> dict[str, int]:
    del contract
    return {name: fold for fold, split in enumerate(folds) for name in split["val"]}


_PAIRS = {"csv": _pairs_of_rows, "positions": _pairs_of_positions, "lists": _pairs_of_lists}
"""Shape -> the fold of each id."""
