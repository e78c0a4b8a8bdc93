"""The door for predictions, the same in client and server: a file or frame in, aligned values or named errors out."""

from __future__ import annotations

from stackyard.contract.aligning import Target, settle, test_target, train_target
from stackyard.contract.cells import read_cells
from stackyard.contract.contract import Contract
from stackyard.contract.limits import limits_for
from stackyard.contract.reading import Source, table_from
from stackyard.contract.report import Aligned, Report
from stackyard.contract.tags import check_tags, is_tags
from stackyard.errors import StackyardError


def read_oof(source: Source, contract: Contract, fold: int | None = None, repeats: str = "error", empty: str = "error") -> Aligned:
    """Return out-of-fold predictions in contract order, float32: (n,) for one class column, else (n, C).

    source: a path, a table, or a frame: the id column and exactly the contract's class columns, in any order of rows and columns;
    or a tag submission, where the competition has them. fold: the file holds exactly this fold's rows; None: all train rows.
    repeats: "error", or "mean" to average several rows an id. empty: see tags.read_tags.
    Multi-class rows are rescaled to sum to 1 in float64 before the cast to float32; all else stays as it came.
    Raises the first error of check_oof.

    >>> two = Contract("s", "binary", "roc_auc_score", "id", ("p",), ["a", "b"], ["c"])
    >>> read_oof({"id": ["b", "a"], "p": [0.25, 1.0]}, two).values.tolist()
    [1.0, 0.25]
    """
    return check_oof(source, contract, fold, repeats, empty).require()


def read_test(source: Source, contract: Contract, repeats: str = "error", empty: str = "error") -> Aligned:
    """Return test predictions in the order of the contract's test ids; otherwise as read_oof."""
    return check_test(source, contract, repeats, empty).require()


def check_oof(source: Source, contract: Contract, fold: int | None = None, repeats: str = "error", empty: str = "error") -> Report:
    """Judge out-of-fold predictions and collect every independent error: of the header, the ids, the values, in this order."""
    try:
        return _check(source, contract, train_target(contract, fold), repeats, empty)
    except StackyardError as error:
        return Report([error])


def check_test(source: Source, contract: Contract, repeats: str = "error", empty: str = "error") -> Report:
    """Judge test predictions; otherwise as check_oof."""
    try:
        return _check(source, contract, test_target(contract), repeats, empty)
    except StackyardError as error:
        return Report([error])


def _check(source: Source, contract: Contract, target: Target, repeats: str, empty: str) -> Report:
    limits = limits_for(len(target.ids), len(contract.classes), repeats)
    table = table_from(source, limits).bind(contract.id_column, contract.classes)
    if is_tags(table, contract):
        return check_tags(table, contract, target, repeats, empty)
    return settle(read_cells(table, contract), contract, target, repeats)
