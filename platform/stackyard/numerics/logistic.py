"""Logistic regression on log odds: a weight for each model's evidence, regularised as much as inner folds ask for.

With weights 1/m and no intercept it is the geometric mean; with one weight a model it calibrates that model.

Several labels are independent problems, each on its own column of every model. Classes are one problem (softmax) on all columns, as
long as it is small; with many classes each is a label against the rest, renormalised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.compiled import quick
from stackyard.numerics.features import Standard, beside_features, log_odds_rows, odds_to_probabilities, within_evidence
from stackyard.numerics.fold_rows import FoldRows, Predictor, RowsPredictor, Setup
from stackyard.numerics.inner_folds import inner_groups
from stackyard.numerics.metrics import BINARY, MULTICLASS

# Precision of the prior on standardised weights, strongest first, so that each solution starts from a tamer one.
PENALTIES = (1e4, 1e3, 1e2, 1e1, 1.0, 0.1)
# A prior on intercepts as well, weak, so that a label without positives has a solution.
INTERCEPT_PENALTY = 1e-2
SOFTMAX_WEIGHTS = 700
NEWTON_STEPS = 60
HALVINGS = 10
# Newton stops when a step promises less than this share of the loss.
TOLERANCE = 1e-7
BLOCK = 4096
FACTORS = 512
# So many rows are enough to tell which penalty is best; the solution on all rows starts from theirs.
ROWS_TO_SELECT_ON = 8_000


class Derivatives(NamedTuple):
    """Of the summed log loss of some rows: value (problems,), gradient (problems, p), Hessian (problems, p, p)."""

    loss: Floats
    gradient: Floats
    hessian: Floats


class Rows(Protocol):
    """Rows on which the log loss of weights (problems, p) can be told."""

    @property
    def problems(self) -> int:
        """How many problems are solved as one batch."""

    @property
    def columns(self) -> int:
        """Weights a problem."""

    def loss(self, weights: Floats) -> Floats:
        """Return the summed log loss (problems,)."""

    def derivatives(self, weights: Floats, hessian: Floats | None = None) -> Derivatives:
        """Return the summed log loss and its first two derivatives; the Hessian is passed on where one of a point nearby is given."""


@quick
def _sum_rows(design: Floats, targets: Floats, weights: Floats, gradient: Floats, roots: Floats) -> float:
    """Add up one label's gradient (p,) in float64, fill in each row's root of p (1 - p), and return the log loss."""
    rows, p = design.shape
    loss, product = 0.0, 1.0
    for i in range(rows):
        odds = 0.0
        for a in range(p):
            odds += design[i, a] * weights[a]
        tail = math.exp(-abs(odds))
        share = 1.0 / (1.0 + tail)
        miss = (share if odds >= 0 else tail * share) - targets[i]
        loss += max(odds, 0.0) - targets[i] * odds
        # one logarithm for many rows: each factor is 1 to 2
        product *= 1.0 + tail
        if i % FACTORS == FACTORS - 1:
            loss += math.log(product)
            product = 1.0
        roots[i] = math.sqrt(tail) * share
        for a in range(p):
            gradient[a] += miss * design[i, a]
    return loss + math.log(product)


def _sum_label(design: Floats, targets: Floats, weights: Floats, gradient: Floats, hessian: Floats | None) -> float:
    """Add up one label's gradient (p,), and its Hessian (p, p) if asked for, and return its log loss; in blocks that stay in the cache.

    The Hessian only says which way to step, so that float32 is enough for its products.
    """
    loss = 0.0
    for start in range(0, len(design), BLOCK):
        block = design[start : start + BLOCK]
        roots = np.empty(len(block), block.dtype)
        loss += _sum_rows(block, targets[start : start + BLOCK], weights, gradient, roots)
        if hessian is not None:
            scaled = block * roots[:, None]
            hessian += scaled.T @ scaled
    return loss


@dataclass(frozen=True)
class LabelRows:
    """Independent labels. design: float32 (labels, rows, p), its last column 1; targets: (labels, rows)."""

    design: Floats
    targets: Floats

    @property
    def problems(self) -> int:
        """One for each label."""
        return len(self.design)

    @property
    def columns(self) -> int:
        """Weights a label."""
        return int(self.design.shape[2])

    def of_label(self, label: int) -> LabelRows:
        """Return one label's problem alone."""
        return LabelRows(self.design[label : label + 1], self.targets[label : label + 1])

    def every(self, step: int) -> LabelRows:
        """Return every step-th row."""
        return LabelRows(np.ascontiguousarray(self.design[:, ::step]), np.ascontiguousarray(self.targets[:, ::step]))

    def loss(self, weights: Floats) -> Floats:
        """Return the summed log loss of each label."""
        odds = (self.design @ weights.astype(np.float32)[:, :, None])[:, :, 0]
        return np.asarray((np.logaddexp(0.0, odds) - self.targets * odds).sum(axis=1, dtype=np.float64))

    def derivatives(self, weights: Floats, hessian: Floats | None = None) -> Derivatives:
        """Return each label's loss, gradient and Hessian."""
        gradient = np.zeros(weights.shape)
        own = np.zeros((*weights.shape, self.columns)) if hessian is None else [None] * len(weights)
        loss = [_sum_label(*label) for label in zip(self.design, self.targets, weights, gradient, own, strict=True)]
        return Derivatives(np.array(loss), gradient, np.asarray(own) if hessian is None else hessian)


@dataclass(frozen=True)
class ClassRows:
    """Classes that exclude one another. design: (rows, d), its last column 1; targets: (rows, classes). Weights: (1, classes * d)."""

    design: Floats
    targets: Floats
    problems: int = 1

    @property
    def columns(self) -> int:
        """Weights of the one problem."""
        return int(self.design.shape[1] * self.targets.shape[1])

    def loss(self, weights: Floats) -> Floats:
        """Return the summed log loss, shape (1,)."""
        return self._loss(self._odds(weights))

    def derivatives(self, weights: Floats, hessian: Floats | None = None) -> Derivatives:
        """Return loss, gradient and Hessian; the Hessian's block of classes a and b is X' diag(p_a (1[a=b] - p_b)) X.

        As with labels, float32 is enough for the Hessian's products.
        """
        odds = self._odds(weights)
        sure = odds_to_probabilities(odds, MULTICLASS)
        gradient = ((sure - self.targets).T @ self.design).reshape(1, -1)
        if hessian is not None:
            return Derivatives(self._loss(odds), gradient, hessian)
        d, classes = self.design.shape[1], self.targets.shape[1]
        design, shares = self.design.astype(np.float32), sure.astype(np.float32)
        blocks = np.empty((classes, d, classes, d))
        for a in range(classes):
            for b in range(a + 1):
                weighted = design * (shares[:, a] * ((a == b) - shares[:, b]))[:, None]
                blocks[a, :, b] = weighted.T @ design
                blocks[b, :, a] = blocks[a, :, b].T
        return Derivatives(self._loss(odds), gradient, blocks.reshape(1, classes * d, classes * d))

    def _odds(self, weights: Floats) -> Floats:
        return np.asarray(self.design @ weights.reshape(self.targets.shape[1], -1).T)

    def _loss(self, odds: Floats) -> Floats:
        top = odds.max(axis=1)
        summed = np.log(np.exp(odds - top[:, None]).sum(axis=1)) + top
        return np.array([(summed - (odds * self.targets).sum(axis=1)).sum()])


def minimise(rows: Sequence[Rows], precision: Floats, start: Floats, known: Sequence[Derivatives] = ()) -> tuple[Floats, list[Derivatives]]:
    """Return the weights (problems, p) with the least penalised log loss, and each group's derivatives there.

    precision: (p,), of the normal prior on every weight. known: each group's derivatives at the start, where the caller has them.
    Newton's method; a problem whose step does not lower its loss takes half. What a step promises to gain is some hundredth of what the
    one before did, even with that one's Hessian; most of the work is the Hessian, so that it is computed anew only where a tenth is left.
    The one returned may be of a point a step away.
    """
    weights, parts = start, list(known) or [group.derivatives(start) for group in rows]
    value, before, is_fresh = penalised(parts, weights, precision), np.inf, not known
    for _ in range(NEWTON_STEPS):
        step, promise = newton_step(parts, weights, precision)
        if (promise <= TOLERANCE * (1.0 + value)).all():
            break
        if not is_fresh and promise.max() > before / 10.0:
            parts, is_fresh = [group.derivatives(weights) for group in rows], True
            continue
        scale = np.ones((len(weights), 1))
        for _ in range(HALVINGS):
            candidate = weights - scale * step
            tried = [group.derivatives(candidate, part.hessian) for group, part in zip(rows, parts, strict=True)]
            after = penalised(tried, candidate, precision)
            if not (after > value).any():
                break
            scale[after > value] /= 2.0
        weights, parts, value, before, is_fresh = candidate, tried, after, promise.max(), False
    return weights, parts


def penalised(parts: Sequence[Derivatives], weights: Floats, precision: Floats) -> Floats:
    """Return the log loss of these parts together, with its penalty, shape (problems,)."""
    return np.asarray(np.sum([part.loss for part in parts], axis=0) + 0.5 * (precision * weights**2).sum(axis=1))


def newton_step(parts: Sequence[Derivatives], weights: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Return the step to subtract from the weights for the penalised loss of these parts together, (problems, p); twice what it gains."""
    hessian = np.sum([part.hessian for part in parts], axis=0) + np.diag(precision)
    gradient = np.sum([part.gradient for part in parts], axis=0) + precision * weights
    step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    return step, (gradient * step).sum(axis=1)


def select(rows: Sequence[Rows], intercepts: Floats, share: float = 1.0) -> tuple[Floats, Floats]:
    """Return the penalty that predicts the inner folds best, (problems,), and its weights (problems, p); each problem has its own.

    intercepts: bool (p,), which weights are intercepts. share: what part of all rows these are; penalties are those of all.
    What leaving a group out would do to the weights is told by one Newton step from the solution on all groups, and the group left
    out is then judged exactly.
    Source: Beirami, Razaviyayn, Shahrampour and Tarokh (2017), On Optimal Generalization in Parametric Learning, NIPS.
    """
    weights: Floats = np.zeros((rows[0].problems, rows[0].columns))
    best: Floats = weights
    chosen: Floats = np.full(len(weights), PENALTIES[0])
    least: Floats = np.full(len(weights), np.inf)
    parts: list[Derivatives] = []
    for penalty in PENALTIES:
        precision = share * np.where(intercepts, INTERCEPT_PENALTY, penalty)
        weights, parts = minimise(rows, precision, weights, parts)
        loss = np.zeros(len(weights))
        for held, group in enumerate(rows):
            others = [part for place, part in enumerate(parts) if place != held]
            loss += group.loss(weights - newton_step(others, weights, precision)[0]) if others else 0.0
        better = loss < least
        best, least = np.where(better[:, None], weights, best), np.minimum(loss, least)
        chosen = np.where(better, penalty, chosen)
    return chosen, best


def select_label(rows: Sequence[LabelRows], intercepts: Floats) -> Floats:
    """Return one label's weights (1, p): its penalty is selected on some of the rows where there are very many, and solved for on all."""
    step = max(1, sum(group.design.shape[1] for group in rows) // ROWS_TO_SELECT_ON)
    if step == 1:
        return select(rows, intercepts)[1]
    penalties, start = select([group.every(step) for group in rows], intercepts, 1.0 / step)
    return minimise(rows, np.where(intercepts, INTERCEPT_PENALTY, penalties[0]), start)[0]


RowFeatures = Callable[[FoldRows, str], Floats]
"""Turns rows into features (rows, k * columns): k of each column."""


def fit_logistic(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Learn weights of every model's log odds; how strongly they are held near 0 is chosen on inner folds."""
    odds_of = fit_odds(parts, setup, log_odds_rows)
    count = sum(len(part.targets) for part in parts)
    link = MULTICLASS if _are_classes(parts, setup, log_odds_rows) else BINARY
    return RowsPredictor(lambda part: within_evidence(odds_to_probabilities(odds_of(part), link), count, setup.task))


def fit_odds(parts: Sequence[FoldRows], setup: Setup, features: RowFeatures) -> Callable[[FoldRows], Floats]:
    """Learn log odds (rows, columns) as weighted sums of features; of classes that exclude each other up to a constant a row.

    The competition's own features, where the fit is given them, stand beside these, the same for every column.
    """
    return _fit_classes(parts, setup, features) if _are_classes(parts, setup, features) else _fit_labels(parts, setup, features)


def _are_classes(parts: Sequence[FoldRows], setup: Setup, features: RowFeatures) -> bool:
    """Say whether the columns are one problem: classes, and few enough."""
    columns = parts[0].targets.shape[1]
    if setup.task != MULTICLASS:
        return False
    own = 0 if parts[0].features is None else parts[0].features.shape[1]
    return bool((features(parts[0], setup.task).shape[1] + own) * columns <= SOFTMAX_WEIGHTS)


def _fit_classes(parts: Sequence[FoldRows], setup: Setup, features: RowFeatures) -> Callable[[FoldRows], Floats]:
    blocks = [beside_features(features(part, setup.task), part) for part in parts]
    standard = Standard.of(blocks)
    designs = inner_groups([_with_ones(standard.apply(block)) for block in blocks])
    targets = inner_groups([part.targets for part in parts])
    rows = [ClassRows(np.concatenate(x), np.concatenate(y)) for x, y in zip(designs, targets, strict=True)]
    d, classes = rows[0].design.shape[1], rows[0].targets.shape[1]
    weights = select(rows, np.tile(np.arange(d) == d - 1, classes))[1].reshape(classes, d)
    return lambda part: np.asarray(_with_ones(standard.apply(beside_features(features(part, setup.task), part))) @ weights.T)


def _fit_labels(parts: Sequence[FoldRows], setup: Setup, features: RowFeatures) -> Callable[[FoldRows], Floats]:
    """One label after the other: a batch would go on until its slowest label is done, and need memory for all of them."""
    columns = parts[0].targets.shape[1]
    groups = inner_groups(parts)
    fitted = [_fit_label(groups, setup, features, label) for label in range(columns)]
    width = features(parts[0], setup.task).shape[1]
    own = width // columns
    coefficients = np.zeros((width, columns))
    for label, (weights, standard) in enumerate(fitted):
        coefficients[label::columns, label] = weights[:own] / standard.scale[:own]
    of_features = np.stack([weights[own:-1] / standard.scale[own:] for weights, standard in fitted], axis=1)
    intercepts = np.array([weights[-1] - weights[:-1] @ (standard.mean / standard.scale) for weights, standard in fitted])

    # a sum over all features costs less than a sum over each label's own, which lie apart
    sparse = coefficients.astype(np.float32)

    def odds_of(part: FoldRows) -> Floats:
        odds = features(part, setup.task) @ sparse + intercepts
        return np.asarray(odds if part.features is None else odds + part.features @ of_features)

    return odds_of


def _fit_label(groups: Sequence[Sequence[FoldRows]], setup: Setup, features: RowFeatures, label: int) -> tuple[Floats, Standard]:
    """Return the weights (p,) of a label's own features, standardised, and of the intercept; and the standard."""
    columns = groups[0][0].targets.shape[1]
    blocks = [np.concatenate([beside_features(features(part, setup.task)[:, label::columns], part) for part in group]) for group in groups]
    standard = Standard.of(blocks)
    rows = []
    for block, group in zip(blocks, groups, strict=True):
        design = np.ones((1, len(block), block.shape[1] + 1), np.float32)
        design[0, :, :-1] = standard.apply(block)
        rows.append(LabelRows(design, np.concatenate([part.targets[:, label] for part in group])[None]))
    return select_label(rows, np.arange(rows[0].columns) == rows[0].columns - 1)[0], standard


def _with_ones(features: Floats) -> Floats:
    """Return features (rows, d - 1) with a last column of 1, in float64: near a solution gradients are differences of large sums."""
    return np.concatenate([features, np.ones((len(features), 1))], axis=1, dtype=np.float64)
