"""Weights on the simplex (none negative, sum 1) that minimise a convex loss of the blend, to the optimum.

Both losses need the same small problem: min v'Hv / 2 - c'v over v >= 0, solved by an active set method (NNLS).
The constraint that weights sum to 1 costs nothing: log(P w) only gains a constant when w is scaled, so over w >= 0 the minimum of
-mean(log(P w)) + sum(w) sums to 1 by itself; and the minimum of w'Gw / 2 - sum(w) points the same way as that of w'Gw on the simplex.

Source: Lawson and Hanson (1974), Solving Least Squares Problems; Kim, Carbonetto, Stephens and Anitescu (2020), A Fast Algorithm
for Maximum Likelihood Estimation of Mixture Proportions Using Sequential Quadratic Programming, JCGS 29.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from stackyard.numerics.arrays import Floats, Ints
from stackyard.numerics.truth_cells import FLOOR

NEWTON_STEPS = 100
# The loss is within this of its optimum when Newton stops, by the duality gap.
GAP = 1e-9
# Makes the quadratic form definite where models are equal; they then share their weight.
JITTER = 1e-10
BLOCK = 1 << 15
# So many cells tell nearly where the optimum of very many more is.
CELLS_TO_START_ON = 1 << 16


def minimise_squares(gram: Floats) -> Floats:
    """Return the weights (m,) on the simplex with the least w'Gw, for a Gram matrix of errors (m, m).

    >>> minimise_squares(np.diag([1.0, 3.0])).round(6).tolist()
    [0.75, 0.25]
    """
    scale = float(gram.diagonal().mean())
    if scale <= 0.0:  # every model is right everywhere
        return np.full(len(gram), 1.0 / len(gram))
    weights = minimise_quadratic(_definite(gram / scale), np.ones(len(gram)))
    return np.asarray(weights / weights.sum())


def minimise_log_loss(cells: Floats) -> Floats:
    """Return the weights (m,) on the simplex with the least mean of -log(weights @ cells).

    cells: what each model gave to the truth, shape (m, cells), as truth_cells gives them.

    >>> minimise_log_loss(np.array([[0.9, 0.9, 0.9], [0.1, 0.1, 0.1]])).round(6).tolist()
    [1.0, 0.0]
    """
    return minimise_pieces([cells])


def minimise_pieces(pieces: Sequence[Floats]) -> Floats:
    """Return the weights of minimise_log_loss for cells in several pieces, each (m, some cells).

    A step moves only the models that have weight, or would gain by having some; when Newton stops all models are looked at.
    """
    return _minimise_from(_start(pieces), pieces)


def _start(pieces: Sequence[Floats]) -> Floats:
    """Return where to start: of very many cells at what some of them say, which leaves most of many models out; else at equal weights."""
    equal = np.full(len(pieces[0]), 1.0 / len(pieces[0]))
    step = _count(pieces) // CELLS_TO_START_ON
    return equal if step < 2 else _minimise_from(equal, [np.concatenate([piece[:, ::step] for piece in pieces], axis=1)])


def _minimise_from(start: Floats, pieces: Sequence[Floats]) -> Floats:
    weights = start
    for _ in range(NEWTON_STEPS):
        ratios = _ratios(pieces, weights)
        if ratios.max() - 1.0 < GAP:  # the Frank-Wolfe gap: at the optimum no ratio is above 1
            break
        moving = np.flatnonzero((weights > 0) | (ratios > 1.0))
        target = np.zeros(len(weights))
        target[moving] = _newton_target(_hessian(pieces, weights, moving), weights[moving], ratios[moving] - 1.0)
        moved = _line_search(pieces, weights, target, ratios)
        if moved is weights:  # no step lowers the loss by more than rounding
            break
        weights = moved
    return np.asarray(weights / weights.sum())


def log_loss_of(pieces: Sequence[Floats], weights: Floats) -> float:
    """Return the mean of -log(weights @ cells), with probabilities no lower than the log losses know."""
    chosen = np.flatnonzero(weights)
    total = 0.0
    for block in _blocks(pieces):
        total -= float(np.log(np.maximum(weights[chosen] @ _rows(block, chosen), FLOOR)).sum())
    return total / _count(pieces)


def _blocks(pieces: Sequence[Floats]) -> list[Floats]:
    return [piece[:, start : start + BLOCK] for piece in pieces for start in range(0, piece.shape[1], BLOCK)]


def _rows(block: Floats, chosen: Ints) -> Floats:
    return block if len(chosen) == len(block) else block[chosen]


def _count(pieces: Sequence[Floats]) -> int:
    return sum(piece.shape[1] for piece in pieces)


def _mixture(block: Floats, weights: Floats) -> Floats:
    chosen = np.flatnonzero(weights)
    return np.asarray(weights[chosen] @ np.maximum(_rows(block, chosen), FLOOR, dtype=np.float64))


def _ratios(pieces: Sequence[Floats], weights: Floats) -> Floats:
    """Return minus the gradient of the mean log loss (m,)."""
    ratios = np.zeros(len(weights))
    for block in _blocks(pieces):
        ratios += np.maximum(block, FLOOR).astype(np.float64, copy=False) @ (1.0 / _mixture(block, weights))
    return ratios / _count(pieces)


def _hessian(pieces: Sequence[Floats], weights: Floats, moving: Ints) -> Floats:
    """Return the Hessian of the mean log loss for some of the models."""
    hessian = np.zeros((len(moving), len(moving)))
    for block in _blocks(pieces):
        scaled = np.maximum(_rows(block, moving), FLOOR).astype(np.float64) / _mixture(block, weights)
        hessian += scaled @ scaled.T
    return hessian / _count(pieces)


def _line_search(pieces: Sequence[Floats], weights: Floats, target: Floats, ratios: Floats) -> Floats:
    """Return the first point from the target back to the weights that lowers the loss enough (Armijo)."""
    direction = target - weights
    slope = float(direction.sum() - ratios @ direction)
    before = log_loss_of(pieces, weights) + float(weights.sum())
    step = 1.0
    while step > 1e-10:
        candidate = weights + step * direction
        if log_loss_of(pieces, candidate) + candidate.sum() <= before + 1e-4 * step * slope:
            return np.asarray(candidate)
        step /= 2
    return weights


def _newton_target(hessian: Floats, weights: Floats, downhill: Floats) -> Floats:
    """Return the v >= 0 that minimises the quadratic model of the loss around the weights."""
    definite = _definite(hessian)
    return minimise_quadratic(definite, definite @ weights + downhill)


def _definite(hessian: Floats) -> Floats:
    return np.asarray(hessian + JITTER * max(float(hessian.diagonal().mean()), 1e-300) * np.eye(len(hessian)))


def minimise_quadratic(hessian: Floats, linear: Floats) -> Floats:
    """Return the v (m,) >= 0 with the least v'Hv / 2 - c'v, for a positive definite H (m, m) and c (m,).

    Source: Lawson and Hanson (1974), Solving Least Squares Problems.

    >>> minimise_quadratic(np.diag([1.0, 2.0]), np.array([-1.0, 1.0])).round(6).tolist()
    [0.0, 0.5]
    """
    factor = np.linalg.cholesky(hessian)
    solution, _ = nnls(factor.T, solve_triangular(factor, linear, lower=True))
    return np.asarray(solution)
