"""The submission file: the sample's columns and row order, and the same bytes for the same values, on any machine and version.

Floats are written with nine significant digits ("%.9g", as C defines it): that gives every float32 back exactly, and unlike the shortest
text it depends on no library. Lines end with a line feed; text is UTF-8; only ids that hold a comma, a quote or a line end are quoted.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stackyard.contract.aligning import Target, check_places, find_places
from stackyard.contract.contract import Ids, as_ids
from stackyard.contract.digests import sha256_bytes
from stackyard.contract.samples import LABELS, PROBABILITIES, TAGS, VALUES, Sample
from stackyard.errors import NotFinite, ShapeMismatch

Grid = npt.NDArray[Any]


def write_submission(path: str | Path, sample: Sample, ids: Ids, values: npt.ArrayLike) -> str:
    """Write a submission and return the SHA-256 of its bytes; see render_submission."""
    data = render_submission(sample, ids, values)
    Path(path).write_bytes(data)
    return sha256_bytes(data)


def render_submission(sample: Sample, ids: Ids, values: npt.ArrayLike) -> bytes:
    """Return a submission in the sample's format and row order, as CSV.

    ids: exactly the sample's test ids, in any order. values, by the sample's kind: probabilities and values are floats (n,) or (n, C);
    tags are bool (n, L), written in class order; labels are whole numbers (n,) that index sample.label_names, or bool (n, L), written
    as 0 and 1. Columns are in the order of sample.classes.
    Raises MissingIds, UnknownIds, DuplicateIds; ShapeMismatch where values do not fit ids, classes or columns.
    """
    listed, grid = as_ids(ids), np.asarray(values)
    if len(grid) != len(listed) or grid.ndim not in {1, 2}:
        raise ShapeMismatch(f"expected one row of values for each of {len(listed)} ids, got shape {grid.shape}")
    target = Target(sample.test_ids, np.arange(len(sample.test_ids)), "test ids")
    places = find_places(listed, target)
    for error in check_places(listed, places, target, "error"):
        raise error
    by_name = dict(zip(sample.columns, _WRITERS[sample.kind](grid[np.argsort(places)], sample), strict=True))
    by_name[sample.id_column] = [quote_field(name) for name in sample.test_ids.to_list()]
    header = ",".join(quote_field(name) for name in sample.header)
    rows = map(",".join, zip(*(by_name[name] for name in sample.header), strict=True))
    return ("\n".join([header, *rows]) + "\n").encode()


def quote_field(text: str) -> str:
    """Return a CSV field, quoted only where it must be.

    >>> quote_field("a b"), quote_field("a,b")
    ('a b', '"a,b"')
    """
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _write_floats(grid: Grid, sample: Sample) -> Iterable[list[str]]:
    columns = _in_sample_order(grid[:, None] if grid.ndim == 1 else grid, sample)
    if not np.isfinite(columns).all():
        raise NotFinite(f"expected finite values to write, got {np.count_nonzero(~np.isfinite(columns))} others")
    return (["%.9g" % value for value in column.tolist()] for column in columns.T)  # noqa: UP031


def _in_sample_order(grid: Grid, sample: Sample) -> Grid:
    if grid.shape[1] != len(sample.classes):
        raise ShapeMismatch(f"expected the columns {', '.join(sample.classes)}, got {grid.shape[1]} columns")
    return grid[:, [sample.classes.index(name) for name in sample.columns]]


def _write_tags(grid: Grid, sample: Sample) -> Iterable[list[str]]:
    count = len(sample.classes)
    if grid.ndim != 2 or grid.shape[1] != count or not np.isin(grid, (0, 1)).all():
        raise ShapeMismatch(f"expected decided labels, 0 or 1, of shape (n, {count}), got {grid.dtype} of shape {grid.shape}")
    # a file has some hundred different tag sets: each is joined once
    sets, codes = np.unique(np.packbits(grid.astype(np.bool_), axis=1), axis=0, return_inverse=True)
    bits = np.unpackbits(sets, axis=1, count=count).astype(np.bool_)
    texts = [quote_field(" ".join(name for name, on in zip(sample.classes, row, strict=True) if on)) for row in bits.tolist()]
    return [[texts[code] for code in codes.ravel().tolist()]]


def _write_labels(grid: Grid, sample: Sample) -> Iterable[list[str]]:
    names = sample.label_names or ("0", "1")
    codes = grid.astype(np.int64)
    if not np.array_equal(codes, grid) or codes.min(initial=0) < 0 or codes.max(initial=0) >= len(names):
        raise ShapeMismatch(f"expected decided labels from 0 to {len(names) - 1}, got values from {grid.min()} to {grid.max()}")
    columns = codes[:, None] if codes.ndim == 1 else _in_sample_order(codes, sample)
    texts = [quote_field(name) for name in names]
    return ([texts[code] for code in column.tolist()] for column in columns.T)


_WRITERS = {PROBABILITIES: _write_floats, VALUES: _write_floats, TAGS: _write_tags, LABELS: _write_labels}
"""Kind of sample -> what writes its output columns."""
