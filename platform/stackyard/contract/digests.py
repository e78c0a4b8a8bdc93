"""SHA-256 of bytes, files, arrays, JSON and folds: each has one canonical form, so equal things have equal digests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from stackyard.errors import ShapeMismatch

FOLDS_FORM = b"stackyard folds 1\n"


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of these bytes as 64 hexadecimal digits.

    >>> sha256_bytes(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys, no spaces and no NaN: one text for one value.

    Raises ValueError for NaN or an infinity, which JSON does not have.

    >>> canonical_json({"b": 1, "a": [0.5, "ä"]})
    '{"a":[0.5,"ä"],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON, in UTF-8."""
    return sha256_bytes(canonical_json(value).encode())


def array_digest(array: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of type, shape and values (little-endian, C order): views and copies of one array agree.

    >>> array_digest(np.zeros((2, 3), np.float32)) == array_digest(np.zeros((3, 2), np.float32).T)
    True
    """
    values = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{values.dtype.str} {array.shape}\n".encode())
    digest.update(values.data if values.size else b"")
    return digest.hexdigest()


def folds_digest(ids: pl.Series, folds: npt.ArrayLike) -> str:
    """Return the digest that names a fold set: the same for the same id-to-fold mapping, whatever the order of its rows.

    ids: strings, shape (n,). folds: whole numbers, shape (n,).
    Form: the line "stackyard folds 1", then for each id, sorted by its UTF-8 bytes, a line "LENGTH:ID,FOLD" where LENGTH counts the id's
    bytes; so no id, whatever it holds, can be taken for two.
    Raises ShapeMismatch unless there is one fold an id.

    >>> folds_digest(pl.Series(["a", "b"]), [0, 1]) == folds_digest(pl.Series(["b", "a"]), [1, 0])
    True
    """
    numbers = np.asarray(folds, dtype=np.int64)
    if numbers.shape != (len(ids),):
        raise ShapeMismatch(f"expected one fold for each of {len(ids)} ids, got shape {numbers.shape}")
    table = pl.DataFrame({"id": ids, "fold": numbers}).sort("id")
    line = pl.concat_str(pl.col("id").str.len_bytes(), pl.lit(":"), pl.col("id"), pl.lit(","), pl.col("fold"), pl.lit("\n"))
    lines = table.select(line.str.join("")).item() if len(ids) else ""
    return sha256_bytes(FOLDS_FORM + lines.encode())
