"""A competition's own features: numbers that a team knows of every train and test row, for level-2 models to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from stackyard.contract.aligning import Target, check_places, find_places
from stackyard.contract.cells import check_values, parse_numbers
from stackyard.contract.contract import Ids, as_ids
from stackyard.contract.reading import Source, table_from
from stackyard.contract.report import Float32s
from stackyard.contract.spec import Spec
from stackyard.contract.tables import Table
from stackyard.errors import FeaturesInvalid, StackyardError

MOST_COLUMNS = 1_000
"""A regression's work grows with the square of them."""


@dataclass(frozen=True, eq=False)
class FeatureRows:
    """What the feature file says, in the contract's order of rows."""

    columns: tuple[str, ...]
    values: Float32s
    """float32 (train rows + test rows, columns): train rows first, all finite."""


def read_features(source: Source, train_ids: Ids, test_ids: Ids, spec: Spec) -> FeatureRows:
    """Return the features of each train and test id.

    source: a file with the id column and columns of numbers, exactly one row for every train and test id, in any order.
    Raises FeaturesInvalid that names how many ids are missing, unknown or repeated, or how many cells hold no finite number, with the first
    five of them; or a column that cannot be a feature: a label. And the errors of reading.
    """
    train, test = as_ids(train_ids), as_ids(test_ids)
    table = table_from(source).bind(spec.id_column, ())
    columns = _columns_of(table, spec)
    parsed = parse_numbers(table, [spec.id_column], columns)
    ids = parsed.texts[spec.id_column]
    every = pl.concat([train, test])
    if not every.is_unique().all():
        both = every.filter(every.is_duplicated())
        raise FeaturesInvalid(f"expected train and test ids that differ, so that features can be told apart, got {both[0]!r} as both")
    target = Target(every, np.arange(len(every)), "train and test ids")
    places = find_places(ids, target)
    _refuse(check_places(ids, places, target, "error"))
    _refuse(check_values(parsed, ids, columns, None))
    values = np.empty(parsed.numbers.shape, np.float32)
    values[places] = parsed.numbers
    return FeatureRows(tuple(columns), values)


def _columns_of(table: Table, spec: Spec) -> list[str]:
    shown = ", ".join(map(repr, table.columns[:20]))
    if spec.id_column not in table.columns:
        raise FeaturesInvalid(f"expected the column {spec.id_column!r} and columns of numbers, got {shown}")
    columns = [name for name in table.columns if name != spec.id_column]
    if not 1 <= len(columns) <= MOST_COLUMNS:
        raise FeaturesInvalid(f"expected 1 to {MOST_COLUMNS} features beside {spec.id_column!r}, got {len(columns)}")
    labels = {spec.label_column, spec.tags_column, *(spec.label_columns or ())} & set(columns)
    if labels:
        raise FeaturesInvalid(f"expected features that say nothing of the truth, got the label column {min(map(str, labels))!r}")
    return columns


def _refuse(errors: Sequence[StackyardError]) -> None:
    if errors:
        detail = "; ".join(error.detail.removesuffix("; repeats=mean averages them") for error in errors)
        raise FeaturesInvalid(detail, errors[0].rows, errors[0].count)
