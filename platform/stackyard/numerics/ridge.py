"""Ridge regression from sums over folds: the rows are read once, and every fit, penalty and inner fold is solved from the sums.

Source: Hoerl and Kennard (1970), Ridge Regression, Technometrics 12. Linear stacking: Breiman (1996), Machine Learning 24.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.features import beside_features, rows_by_features, within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup
from stackyard.numerics.inner_folds import MOST_GROUPS, inner_groups
from stackyard.numerics.metrics import REGRESSION

# In units of the features' variance: from next to none to one that halves and more.
PENALTIES = 10.0 ** np.arange(-5.0, 2.0)
BLOCK = 4096
MOST_FEATURES = 3_000
"""With more models times columns than this a column is learned from what the models say of it alone: of 500 models of 17 labels the sums of
all features would take 0.6 GB a fold, and their spectrum minutes."""
# Each inner fold takes the spectrum of all features apart: with very many of them three are enough.
MANY_FEATURES, FEW_GROUPS = 300, 3


@dataclass(frozen=True)
class Sums:
    """All that least squares needs to know of some rows. Sums of disjoint rows add up."""

    count: float
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    @classmethod
    def of(cls, features: Floats, targets: Floats) -> Sums:
        """features: (rows, d), targets: (rows, columns); summed in float64, some thousand rows at a time."""
        d, columns = features.shape[1], targets.shape[1]
        xx, xy = np.zeros((d, d)), np.zeros((d, columns))
        for start in range(0, len(features), BLOCK):
            x = features[start : start + BLOCK].astype(np.float64)
            xx += x.T @ x
            xy += x.T @ targets[start : start + BLOCK]
        y = targets.astype(np.float64)
        return cls(len(features), features.sum(axis=0, dtype=np.float64), y.sum(axis=0), xx, xy, (y * y).sum(axis=0))

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.count + other.count, self.x + other.x, self.y + other.y, self.xx + other.xx, self.xy + other.xy, self.yy + other.yy
        )


@dataclass(frozen=True)
class Spectrum:
    """The normal equations of some rows, taken apart so that each further penalty costs two products of matrices."""

    mean: Floats
    centre: Floats
    scale: Floats
    values: Floats
    vectors: Floats
    turned: Floats

    @classmethod
    def of(cls, sums: Sums) -> Spectrum:
        """Standardise the features and turn to the principal axes; a constant feature gets no weight."""
        mean, centre = sums.x / sums.count, sums.y / sums.count
        covariance = sums.xx / sums.count - np.outer(mean, mean)
        shared = sums.xy / sums.count - np.outer(mean, centre)
        spread = np.sqrt(np.maximum(covariance.diagonal(), 0.0))
        inverse = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-6 * (1e-6 + np.abs(mean)))
        values, vectors = np.linalg.eigh(covariance * np.outer(inverse, inverse))
        return cls(mean, centre, inverse, np.maximum(values, 0.0), vectors, vectors.T @ (shared * inverse[:, None]))

    def solve(self, penalties: Floats) -> tuple[Floats, Floats]:
        """Return coefficients (d, columns) and intercepts (columns,) for a penalty a column, or one for all."""
        shrunk = self.turned / (self.values[:, None] + penalties)
        coefficients = self.scale[:, None] * (self.vectors @ shrunk)
        return coefficients, self.centre - self.mean @ coefficients


def squared_error(sums: Sums, coefficients: Floats, intercepts: Floats) -> Floats:
    """Return the summed squared error of a linear model on the rows of the sums, shape (columns,)."""
    crossed = (coefficients * (sums.xx @ coefficients)).sum(axis=0) - 2.0 * (coefficients * sums.xy).sum(axis=0)
    offset = sums.count * intercepts**2 + 2.0 * intercepts * (sums.x @ coefficients - sums.y)
    return np.asarray(crossed + offset + sums.yy)


def best_penalties(groups: Sequence[Sums], penalties: Floats = PENALTIES) -> Floats:
    """Return for each column the penalty with the least squared error when each group is predicted from the others, (columns,).

    A tie goes to the larger penalty. With a single group nothing can be tried: the largest penalty below 1 is taken.
    """
    if len(groups) < 2:
        return np.full(len(groups[0].y), penalties[penalties < 1.0].max(initial=penalties.min()))
    descending = np.sort(penalties)[::-1]
    errors = np.zeros((len(descending), len(groups[0].y)))
    for held, group in enumerate(groups):
        spectrum = Spectrum.of(_total([other for place, other in enumerate(groups) if place != held]))
        errors += [squared_error(group, *spectrum.solve(penalty)) for penalty in descending]
    return np.asarray(descending[errors.argmin(axis=0)])


def _total(sums: Sequence[Sums]) -> Sums:
    total = sums[0]
    for other in sums[1:]:
        total = total + other
    return total


def fit_ridge(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn a linear mix of all models' predictions in all columns; penalties by inner folds, one a column.

    Classification: probabilities in, probabilities out, clipped to what the rows allow, renormalised if multiclass.
    """
    features = len(parts[0].source) * parts[0].source.shape[2] + (0 if parts[0].features is None else parts[0].features.shape[1])
    if features > MOST_FEATURES:
        return _fit_columns(parts, setup)
    inner = inner_groups(parts, MOST_GROUPS if features <= MANY_FEATURES else FEW_GROUPS)
    groups = [_total([_sums(part) for part in group]) for group in inner]
    total = _total(groups)
    coefficients, intercepts = Spectrum.of(total).solve(best_penalties(groups))
    coefficients = coefficients.astype(np.float32) if setup.task != REGRESSION else coefficients

    def predict(part: FoldRows) -> Floats:
        values = beside_features(_prediction_rows(part), part) @ coefficients + intercepts
        return within_evidence(values, int(total.count), setup.task)

    return RowsPredictor(predict)


def _fit_columns(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn each column from its own predictions; weights (models, columns)."""
    inner = inner_groups([_sums_by_column(part) for part in parts], FEW_GROUPS)
    by_column = [[_total([sums[column] for sums in group]) for group in inner] for column in range(parts[0].targets.shape[1])]
    solved = [Spectrum.of(_total(groups)).solve(best_penalties(groups)) for groups in by_column]
    weights = np.concatenate([coefficients for coefficients, _ in solved], axis=1)
    constants = np.concatenate([intercepts for _, intercepts in solved])
    count = sum(len(part.targets) for part in parts)

    def predict(part: FoldRows) -> Floats:
        predictions = part.predictions
        mixed = np.tile(constants, (predictions.shape[1], 1))
        # one model at a time: memory-mapped predictions are never in memory all at once
        for model, own in zip(predictions, weights[: len(predictions)], strict=True):
            mixed += model * own
        if part.features is not None:
            mixed += part.features @ weights[len(predictions) :]
        return within_evidence(mixed, count, setup.task)

    return RowsPredictor(predict)


def _sums_by_column(part: FoldRows) -> list[Sums]:
    """Return each column's own sums; kept where they are of predictions alone."""

    def made(rows: FoldRows) -> list[Sums]:
        predictions = rows.predictions
        blocks = [beside_features(predictions[:, :, column].T, rows) for column in range(predictions.shape[2])]
        return [Sums.of(np.ascontiguousarray(block), rows.targets[:, place : place + 1]) for place, block in enumerate(blocks)]

    return made(part) if part.features is not None else part.keep("ridge_by_column", made)


def _prediction_rows(part: FoldRows) -> Floats:
    """Return predictions (rows, models * columns); kept where many fits will ask for them."""
    if part.chosen is None:
        return part.keep("prediction_rows", lambda rows: rows_by_features(rows.predictions))
    return rows_by_features(part.predictions)


def _sums(part: FoldRows) -> Sums:
    """Return the sums of all columns; kept where they are of predictions alone."""

    def made(rows: FoldRows) -> Sums:
        return Sums.of(beside_features(rows_by_features(rows.predictions), rows), rows.targets)

    return made(part) if part.features is not None else part.keep("ridge", made)
