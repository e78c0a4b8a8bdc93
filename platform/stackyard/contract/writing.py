"""The submission file: the sample's columns and row order, and the same bytes for the same values, on any machine and version.

Floats are written with nine significant digits ("%.9g", as C defines it): that gives every float32 back exactly, and unlike the shortest
text it depends on no library. Lines end with a line feed; text is UTF-8; only ids that hold a comma, a quote or a line end are quoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def write_submission(path: str | Path, sample: Sample, ids: Ids, values: npt.ArrayLike, classes: Sequence[str], id_column: str) -> str:
    """Write a submission and return the SHA-256 of its bytes; see render_submission."""
    data = render_submission(sample, ids, values, classes, id_column)
    Path(path).write_bytes(data)
    return sha256_bytes(data)


def render_submission(sample: Sample, ids: Ids, values: npt.ArrayLike, classes: Sequence[str], id_column: str) -> bytes:
    """Return a submission in the sample's format and row order, as CSV.

    ids: exactly the sample's test ids, in any order. classes: what the values' columns, or the labels 0, 1, …, are called.
    values, by the sample's kind: probabilities and values are floats (n,) or (n, C); tags are bool (n, L), written in class order;
    labels are whole numbers (n,) that index classes, or bool (n, L), written as 0 and 1.
    Raises MissingIds, UnknownIds, DuplicateIds; ShapeMismatch where values do not fit ids, classes or columns.
    """
    listed, grid = as_ids(ids), np.asarray(values)
    if len(grid) != len(listed) or grid.ndim not in {1, 2}:
        raise ShapeMismatch(f"expected one row of values for each of {len(listed)} ids, got shape {grid.shape}")
    target = Target(sample.test_ids, np.arange(len(sample.test_ids)), "test ids")
    places = find_places(listed, target)
    for error in check_places(listed, places, target, "error"):
        raise error
    columns = _WRITERS[sample.kind](grid[np.argsort(places)], classes, sample)
    by_name = {**dict(zip(sample.columns, columns, strict=True)), id_column: [quote_field(name) for name in sample.test_ids.to_list()]}
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


def _write_floats(grid: Grid, classes: Sequence[str], sample: Sample) -> Iterable[list[str]]:
    columns = grid[:, None] if grid.ndim == 1 else grid
    if not np.isfinite(columns).all():
        raise NotFinite(f"expected finite values to write, got {np.count_nonzero(~np.isfinite(columns))} others")
    return (["%.9g" % value for value in column.tolist()] for column in _in_sample_order(columns, classes, sample).T)  # noqa: UP031


def _in_sample_order(columns: Grid, classes: Sequence[str], sample: Sample) -> Grid:
    if columns.shape[1] != len(classes) or len(classes) != len(sample.columns):
        expected = f"{len(sample.columns)} columns named {', '.join(sample.columns)}"
        raise ShapeMismatch(f"expected {expected}, got {columns.shape[1]} columns for the classes {', '.join(classes)}")
    if len(classes) == 1:
        return columns
    if set(classes) != set(sample.columns):
        raise ShapeMismatch(f"expected the classes {', '.join(sample.columns)}, got {', '.join(classes)}")
    return columns[:, [list(classes).index(name) for name in sample.columns]]


def _write_tags(grid: Grid, classes: Sequence[str], sample: Sample) -> Iterable[list[str]]:
    del sample
    if grid.ndim != 2 or grid.shape[1] != len(classes) or not np.isin(grid, (0, 1)).all():
        raise ShapeMismatch(f"expected decided labels, 0 or 1, of shape (n, {len(classes)}), got {grid.dtype} of shape {grid.shape}")
    # a file has some hundred different tag sets: each is joined once
    sets, codes = np.unique(np.packbits(grid.astype(np.bool_), axis=1), axis=0, return_inverse=True)
    bits = np.unpackbits(sets, axis=1, count=len(classes)).astype(np.bool_)
    texts = [quote_field(" ".join(name for name, on in zip(classes, row, strict=True) if on)) for row in bits.tolist()]
    return [[texts[code] for code in codes.ravel().tolist()]]


def _write_labels(grid: Grid, classes: Sequence[str], sample: Sample) -> Iterable[list[str]]:
    if grid.ndim == 2:
        return ([str(int(value)) for value in column.tolist()] for column in _in_sample_order(grid, classes, sample).T)
    codes = grid.astype(np.int64)
    if len(codes) and not (codes.min() >= 0 and codes.max() < len(classes) and np.array_equal(codes, grid)):
        raise ShapeMismatch(f"expected labels from 0 to {len(classes) - 1}, got {grid.min()} to {grid.max()}")
    texts = [quote_field(name) for name in classes]
    return [[texts[code] for code in codes.tolist()]]


_WRITERS = {PROBABILITIES: _write_floats, VALUES: _write_floats, TAGS: _write_tags, LABELS: _write_labels}
"""Kind of sample -> what writes its output columns."""
