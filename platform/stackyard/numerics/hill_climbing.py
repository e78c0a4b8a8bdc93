"""Hill climbing for log losses: mix into the blend, again and again, the model and the weight that lower its loss most.

The log loss of (1 - w) blend + w model is convex in w. What three of its values say bounds all others from below, so that of the 50
weights of the best model some six are tried, and of a model that cannot win one or two; the result is that of trying them all.
Source: the method is the one of the hillclimbers package; the bounds are the chords of a convex function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stackyard.errors import RecipeInvalid
from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.compiled import compiled
from stackyard.numerics.threads import on_all_cores
from stackyard.numerics.truth_cells import FLOOR, truth_cells

WEIGHTS = np.arange(1, 51) / 100.0
# Mixtures and their weights are float32, 6e-8 at a time: what is lower by less than this is not known to be lower.
PRECISION = 1e-7
PARTS, COARSE = 8, 8
LANES = 64
GROUP = 6 * LANES
CHUNK = 16 * GROUP


class Mix(NamedTuple):
    """The best of all mixtures of the blend with one model."""

    model: int
    weight: float
    """Of the model; the blend keeps the rest."""
    loss: float


@compiled
def _log_of_product(products: Floats) -> float:
    """Return the logarithm of the product of LANES numbers, which are used up: exponents are added, mantissas (1 to 2) multiplied."""
    bits = products.view(np.int64)
    exponent = -1023 * LANES
    for i in range(LANES):
        exponent += bits[i] >> 52
        bits[i] = (bits[i] & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000
    half = LANES // 2
    while half >= 4:
        for i in range(half):
            products[i] *= products[i + half]
        half //= 2
    return math.log(products[0] * products[1] * products[2] * products[3]) + exponent * math.log(2.0)


@compiled
def _sum_logs(blend: Floats, cells: Floats, first: int, last: int, models: Ints, scales: Floats, sums: Floats) -> None:
    """Add to sums[k] the sum over first..last of log(blend + scales[k] * cells[models[k]]); one logarithm for 384 cells."""
    products = np.empty(LANES)
    for base in range(first, last, CHUNK):
        stop = min(base + CHUNK, last)
        whole = base + (stop - base) // GROUP * GROUP
        for k in range(len(models)):
            c, s = cells[models[k]], scales[k]
            for start in range(base, whole, GROUP):
                t, m = blend[start : start + GROUP], c[start : start + GROUP]
                for i in range(LANES):
                    x = (t[i] + s * m[i]) * (t[i + LANES] + s * m[i + LANES])
                    y = (t[i + 2 * LANES] + s * m[i + 2 * LANES]) * (t[i + 3 * LANES] + s * m[i + 3 * LANES])
                    z = (t[i + 4 * LANES] + s * m[i + 4 * LANES]) * (t[i + 5 * LANES] + s * m[i + 5 * LANES])
                    products[i] = np.float64(x) * np.float64(y) * np.float64(z)
                sums[k] += _log_of_product(products)
            for i in range(whole, stop):
                sums[k] += math.log(blend[i] + s * c[i])


def mix_losses(blend: Floats, cells: Floats, models: Ints, weights: Floats, parts: Ints | None = None) -> Floats:
    """Return the log loss of (1 - weights[k]) blend + weights[k] cells[models[k]] for each k, each weight below 1.

    blend: float32 (n,), cells: float32 (models, n), both what was given to the truth and at least 1e-15.
    parts: (parts, 2), from which cell to which is looked at; all by default.

    >>> mix_losses(np.array([0.5], np.float32), np.array([[1.0]], np.float32), np.array([0]), np.array([0.5])).round(4).tolist()
    [0.2877]
    """
    scales = (weights / (1.0 - weights)).astype(np.float32)
    parts = _all_cells(cells) if parts is None else parts

    def sum_part(part: Ints) -> Floats:
        sums = np.zeros(len(models))
        _sum_logs(blend, cells, part[0], part[1], models, scales, sums)
        return sums

    total = np.sum(on_all_cores(sum_part, list(parts)), axis=0)
    return np.asarray(-total / (parts[:, 1] - parts[:, 0]).sum() - np.log1p(-weights))


def _all_cells(cells: Floats) -> Ints:
    """Return the cells in parts, the same on every machine, so that sums have the same bits."""
    edges = np.linspace(0, cells.shape[1], PARTS + 1 if cells.size > 100_000 else 2).astype(np.int64)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def _some_cells(cells: Floats) -> Ints:
    """Return a sixteenth of the cells, from all over."""
    parts = _all_cells(cells)
    return np.stack([parts[:, 0], parts[:, 0] + np.maximum(np.diff(parts)[:, 0] // 16, 1)], axis=1)


def lower_bounds(places: Sequence[float], values: Sequence[float], wanted: Floats) -> Floats:
    """Return what a convex function with these values at these ascending places is at least at the wanted ones.

    Minus infinity where that is not known.

    >>> lower_bounds([0.0, 1.0, 2.0], [2.0, 1.0, 1.0], np.array([1.5, 3.0])).tolist()
    [0.5, 1.0]
    """
    x, y = np.asarray(places), np.asarray(values)
    slopes = np.diff(y) / np.diff(x)
    right = np.searchsorted(x, wanted)  # wanted lies in (x[right - 1], x[right])
    bounds = np.full(len(wanted), -np.inf)
    before, after = right >= 2, right + 1 < len(x)
    j = right[before] - 2
    bounds[before] = y[j + 1] + slopes[j] * (wanted[before] - x[j + 1])
    j = right[after]
    bounds[after] = np.maximum(bounds[after], y[j] - slopes[j] * (x[j] - wanted[after]))
    return bounds


def best_mix(
    blend: Floats, cells: Floats, candidates: Sequence[int], loss: float, losses: Sequence[float], weights: Floats = WEIGHTS
) -> Mix | None:
    """Return the mixture with the least log loss over all candidates and weights, None where none is below the blend's own.

    blend, cells: as in mix_losses. loss: the blend's; losses: each model's, (models,): the ends of every curve.
    weights: ascending, above 0 and below 1. Equal to trying all, but for differences below 1e-7.
    """
    known = {model: {0.0: loss, 1.0: losses[model]} for model in candidates}
    best = Mix(-1, 0.0, loss)
    asked = _first_guesses(blend, cells, candidates, weights)
    while asked:
        models, tried = np.array([model for model, _ in asked]), np.array([weight for _, weight in asked])
        for (model, weight), value in zip(asked, mix_losses(blend, cells, models, tried).tolist(), strict=True):
            known[model][weight] = value
            best = min(best, Mix(model, weight, value), key=lambda mix: mix.loss)
        asked = [(model, weight) for model in candidates if (weight := _most_promising(known[model], weights, best.loss)) > 0]
    return best if best.loss < loss - PRECISION else None


def _first_guesses(blend: Floats, cells: Floats, candidates: Sequence[int], weights: Floats) -> list[tuple[int, float]]:
    """Return two neighbouring weights a model, where some of the cells say that its best weight is: between them its curve is flat.

    A flat line bounds the whole curve from nearly its least value.
    """
    coarse = weights[:: max(1, len(weights) // COARSE)]
    tried = np.repeat(candidates, len(coarse)), np.tile(coarse, len(candidates))
    told = mix_losses(blend, cells, *tried, parts=_some_cells(cells)).reshape(len(candidates), -1)
    guesses = []
    for model, values in zip(candidates, told, strict=True):
        place = min(int(np.searchsorted(weights, _lowest(coarse, values))), len(weights) - 1)
        guesses += [(model, float(weights[near])) for near in sorted({max(place - 1, 0), place})]
    return guesses


def _lowest(places: Floats, values: Floats) -> float:
    """Return where the parabola through the lowest value and its neighbours is lowest."""
    i = int(values.argmin())
    if i in (0, len(values) - 1):
        return float(places[i])
    left, right = places[i] - places[i - 1], places[i + 1] - places[i]
    rise, fall = (values[i + 1] - values[i]) / right, (values[i - 1] - values[i]) / left
    return float(places[i] - 0.5 * (right * fall - left * rise) / (rise + fall)) if rise + fall > 0 else float(places[i])


def _most_promising(known: dict[float, float], weights: Floats, best: float) -> float:
    """Return the untried weight with the least lower bound, 0 where no bound is below the best loss."""
    untried = np.array([weight for weight in weights if weight not in known])
    if not len(untried):
        return 0.0
    places = sorted(known)
    bounds = lower_bounds(places, [known[place] for place in places], untried)
    return float(untried[bounds.argmin()]) if bounds.min() < best - PRECISION else 0.0


def hill_climb_weights(predictions: Floats, truth: Numbers, steps: int = 50, weights: Floats = WEIGHTS) -> Floats:
    """Return the weights (models,) of hill climbing on the log loss: from the best model, one further model a step while that helps.

    predictions: (m, n) or (m, n, columns). truth: as in truth_cells. Each model is mixed in once at most.
    Raises ShapeMismatch, RecipeInvalid for less than one step.

    >>> hill_climb_weights(np.array([[0.9, 0.2], [0.2, 0.9], [0.1, 0.1]]), np.array([1, 1])).round(2).tolist()
    [0.5, 0.5, 0.0]
    """
    if steps < 1:
        raise RecipeInvalid(f"expected at least one step, got {steps}")
    cells = np.maximum(truth_cells(predictions, truth), np.float32(FLOOR))
    losses = [-float(np.log(model, dtype=np.float64).mean()) for model in cells]
    first = int(np.argmin(losses))
    blend, loss = cells[first].copy(), losses[first]
    shares = np.zeros(len(cells))
    shares[first] = 1.0
    left = [model for model in range(len(cells)) if model != first]
    for _ in range(steps):
        mix = best_mix(blend, cells, left, loss, losses, weights) if left else None
        if mix is None:
            break
        shares *= 1.0 - mix.weight
        shares[mix.model] += mix.weight
        blend += np.float32(mix.weight) * (cells[mix.model] - blend)
        loss = mix.loss
        left.remove(mix.model)
    return shares
