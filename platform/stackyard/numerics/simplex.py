"""Weights on the simplex (none negative, sum 1) that minimise a convex loss of the blend, to the optimum.

Both losses need the same small problem: min v'Hv / 2 - c'v over v >= 0, solved by an active set method (NNLS).
The constraint that weights sum to 1 costs nothing: log(P w) only gains a constant when w is scaled, so over w >= 0 the minimum of
-mean(log(P w)) + sum(w) sums to 1 by itself; and the minimum of w'Gw / 2 - sum(w) points the same way as that of w'Gw on the simplex.

Source: Lawson and Hanson (1974), Solving Least Squares Problems; Kim, Carbonetto, Stephens and Anitescu (2020), A Fast Algorithm
for Maximum Likelihood Estimation of Mixture Proportions Using Sequential Quadratic Programming, JCGS 29.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from stackyard.numerics.arrays import Floats
from stackyard.numerics.truth_cells import FLOOR

NEWTON_STEPS = 100
# The loss is within this of its optimum when Newton stops, by the duality gap.
GAP = 1e-9
# Makes the quadratic form definite where models are equal; they then share their weight.
JITTER = 1e-10
BLOCK = 1 << 15


def minimise_squares(gram: Floats) -> Floats:
    """Return the weights (m,) on the simplex with the least w'Gw, for a Gram matrix of errors (m, m).

    >>> minimise_squares(np.diag([1.0, 3.0])).round(6).tolist()
    [0.75, 0.25]
    """
    scale = float(gram.diagonal().mean())
    if scale <= 0.0:  # every model is right everywhere
        return np.full(len(gram), 1.0 / len(gram))
    weights = _minimise_quadratic(_definite(gram / scale), np.ones(len(gram)))
    return np.asarray(weights / weights.sum())


def minimise_log_loss(cells: Floats) -> Floats:
    """Return the weights (m,) on the simplex with the least mean of -log(weights @ cells).

    cells: what each model gave to the truth, shape (m, cells), as truth_cells gives them.

    >>> minimise_log_loss(np.array([[0.9, 0.9, 0.9], [0.1, 0.1, 0.1]])).round(6).tolist()
    [1.0, 0.0]
    """
    weights = np.full(len(cells), 1.0 / len(cells))
    for _ in range(NEWTON_STEPS):
        ratios, hessian = _moments(cells, weights)
        if ratios.max() - 1.0 < GAP:  # the Frank-Wolfe gap: at the optimum no ratio is above 1
            break
        moved = _line_search(cells, weights, _newton_target(hessian, weights, ratios - 1.0), ratios)
        if moved is weights:  # no step lowers the loss by more than rounding
            break
        weights = moved
    return np.asarray(weights / weights.sum())


def log_loss_of(cells: Floats, weights: Floats) -> float:
    """Return the mean of -log(weights @ cells), with probabilities no lower than the log losses know."""
    total = 0.0
    for block in _blocks(cells):
        total -= float(np.log(np.maximum(weights @ block, FLOOR)).sum())
    return total / int(cells.shape[1])


def _blocks(cells: Floats) -> list[Floats]:
    return [cells[:, start : start + BLOCK] for start in range(0, cells.shape[1], BLOCK)]


def _moments(cells: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return minus the gradient of the mean log loss (m,) and its Hessian (m, m)."""
    ratios, hessian = np.zeros(len(cells)), np.zeros((len(cells), len(cells)))
    for block in _blocks(cells):
        floored = np.maximum(block, FLOOR).astype(np.float64)
        floored /= weights @ floored
        ratios += floored.sum(axis=1)
        hessian += floored @ floored.T
    return ratios / cells.shape[1], hessian / cells.shape[1]


def _line_search(cells: Floats, weights: Floats, target: Floats, ratios: Floats) -> Floats:
    """Return the first point from the target back to the weights that lowers the loss enough (Armijo)."""
    direction = target - weights
    slope = float(direction.sum() - ratios @ direction)
    before = log_loss_of(cells, weights) + float(weights.sum())
    step = 1.0
    while step > 1e-10:
        candidate = weights + step * direction
        if log_loss_of(cells, candidate) + candidate.sum() <= before + 1e-4 * step * slope:
            return np.asarray(candidate)
        step /= 2
    return weights


def _newton_target(hessian: Floats, weights: Floats, downhill: Floats) -> Floats:
    """Return the v >= 0 that minimises the quadratic model of the loss around the weights."""
    definite = _definite(hessian)
    return _minimise_quadratic(definite, definite @ weights + downhill)


def _definite(hessian: Floats) -> Floats:
    return np.asarray(hessian + JITTER * max(float(hessian.diagonal().mean()), 1e-300) * np.eye(len(hessian)))


def _minimise_quadratic(hessian: Floats, linear: Floats) -> Floats:
    """Return the v >= 0 with the least v'Hv / 2 - c'v, for a positive definite H."""
    factor = np.linalg.cholesky(hessian)
    solution, _ = nnls(factor.T, solve_triangular(factor, linear, lower=True))
    return np.asarray(solution)
