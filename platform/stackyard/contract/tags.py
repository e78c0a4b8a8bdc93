"""Tag submissions ("id,tags", tags separated by spaces) as votes: 1 for a tag that stands there, else 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from stackyard.contract.aligning import Cells, Numbers, Target, row_of, settle, test_target, train_target
from stackyard.contract.cells import check_header
from stackyard.contract.contract import Contract
from stackyard.contract.limits import limits_for
from stackyard.contract.reading import Source, table_from
from stackyard.contract.report import Aligned, Report
from stackyard.contract.tables import Table
from stackyard.errors import FIRST_ROWS, EmptyTags, InvalidRequest, StackyardError, UnknownColumns, UnknownTags

EMPTY = ("error", "accept")
TARGETS = {"train": train_target, "test": test_target}


def read_tags(source: Source, contract: Contract, which: str = "train", empty: str = "error", repeats: str = "error") -> Aligned:
    """Return votes in {0, 1}, float32 (n, L), of all train (or test) rows; with repeats="mean" several voters a row are averaged.

    empty: "accept" takes an empty tag field for a row without tags, even where every labelled row has one.
    Raises the first of MissingIds, UnknownIds, DuplicateIds, UnknownTags, EmptyTags and the errors of reading.
    """
    if which not in TARGETS:
        raise InvalidRequest(f"expected train or test, got {which!r}")
    target = TARGETS[which](contract)
    table = table_from(source, limits_for(len(target.ids), len(contract.classes), repeats))
    return check_tags(table, contract, target, repeats, empty).require()


def is_tags(table: Table, contract: Contract) -> bool:
    """Say whether a table is a tag submission: the contract's tags column, and none of its class columns."""
    return contract.tags_column in table.columns and not set(table.columns) & set(contract.classes)


def check_tags(table: Table, contract: Contract, target: Target, repeats: str, empty: str) -> Report:
    """Judge a tag submission; collect every independent error."""
    if empty not in EMPTY:
        raise InvalidRequest(f"expected empty among {', '.join(EMPTY)}, got {empty!r}")
    if contract.tags_column is None:
        raise UnknownColumns(f"expected the columns {', '.join(contract.columns)}, got a tag file, which this competition does not have")
    texts = [contract.id_column, contract.tags_column]
    header_errors = check_header(table.columns, contract.id_column, texts[1:])
    present = [name for name in texts if name in table.columns]
    fields = table.select_texts(present)
    ids = fields[contract.id_column] if contract.id_column in present else None
    if contract.tags_column not in present:
        return settle(Cells(ids, np.empty((len(fields), 0)), header_errors), contract, target, repeats)
    tags = fields[contract.tags_column]
    votes, unknown = encode_tags(tags, contract.classes)
    errors, notes = _check_empty(votes, unknown, ids, contract, empty)
    if unknown:
        errors.insert(0, _unknown_tags(unknown, ids, contract))
    return settle(Cells(ids, votes, header_errors, errors, (*table.notes, *notes)), contract, target, repeats)


def encode_tags(tags: pl.Series, classes: Sequence[str]) -> tuple[Numbers, dict[int, list[str]]]:
    """Return votes (n, L) and, by row, the tags that are no class.

    >>> votes, unknown = encode_tags(pl.Series(["a b", "", "b x"]), ["a", "b"])
    >>> votes.tolist(), unknown
    ([[1.0, 1.0], [0.0, 0.0], [0.0, 1.0]], {2: ['x']})
    """
    distinct, codes = split_tags(tags)
    places = {name: place for place, name in enumerate(classes)}
    table = np.zeros((len(distinct), len(classes)))
    unknown: dict[int, list[str]] = {}
    for code, names in enumerate(distinct):
        known = [places[name] for name in names if name in places]
        table[code, known] = 1.0
        if len(known) < len(names):
            unknown[code] = [name for name in names if name not in places]
    rows = np.flatnonzero(np.isin(codes, list(unknown))).tolist() if unknown else []
    return table[codes], {row: unknown[int(codes[row])] for row in rows}


def split_tags(tags: pl.Series) -> tuple[list[list[str]], npt.NDArray[np.int64]]:
    """Return the distinct tag fields, split, and for each row which of them it has: real files repeat a few hundred."""
    distinct = tags.unique(maintain_order=True)
    codes = tags.replace_strict(distinct, np.arange(len(distinct)), return_dtype=pl.Int64) if len(tags) else pl.Series([], dtype=pl.Int64)
    return [field.split() for field in distinct.to_list()], codes.to_numpy()


def _unknown_tags(unknown: dict[int, list[str]], ids: pl.Series | None, contract: Contract) -> UnknownTags:
    names = sorted({name for tags in unknown.values() for name in tags})
    first = list(unknown.items())[:FIRST_ROWS]
    rows = [row_of(row + 1, None if ids is None else ids[row], contract.tags_column, " ".join(tags)) for row, tags in first]
    shown = ", ".join(map(repr, names[:FIRST_ROWS])) + (f" and {len(names) - FIRST_ROWS} more" if len(names) > FIRST_ROWS else "")
    detail = (
        f"expected only tags among the {len(contract.classes)} classes, got {shown} in {len(unknown)} rows, first in row {rows[0]['row']}"
    )
    return UnknownTags(detail, rows, len(unknown))


def _check_empty(
    votes: Numbers, unknown: dict[int, list[str]], ids: pl.Series | None, contract: Contract, empty: str
) -> tuple[list[StackyardError], list[str]]:
    bare = [int(row) for row in np.flatnonzero(~votes.any(axis=1)) if row not in unknown]
    if not bare or contract.empty_tags_allowed:
        return [], []
    if empty == "accept":
        return [], [f"accepted {len(bare)} empty tag fields"]
    rows = [row_of(row + 1, None if ids is None else ids[row], contract.tags_column, "") for row in bare[:FIRST_ROWS]]
    detail = f"expected at least one tag a row, as every labelled row has, got {len(bare)} empty fields, first in row {rows[0]['row']}"
    return [EmptyTags(detail, rows, len(bare))], []
