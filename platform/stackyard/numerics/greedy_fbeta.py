"""Greedy selection for F-beta at a fixed threshold: most cells are decided whatever is added.

A cell's mean stays between the least and the greatest that any model says of it, so that it can cross the threshold only where the
threshold lies between them. Those cells are copied once, all models of a cell side by side; and since each further model moves a mean
less, those that the next steps can move across are copied out again from time to time. With s models summed, a cell is decided where
even the greatest leaves the sum below the threshold times s + 1, or even the least does not; what is left is tried with every model at
once. A row's score is looked up by what it said and what it got right, and scores are added up as whole numbers: their sum is the same in
any order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from stackyard.numerics.arrays import Bools, Floats, Ints
from stackyard.numerics.compiled import compiled
from stackyard.numerics.threads import cores, on_all_cores

# A running sum may be off by this much a model, so that a cell whose bounds come as near to the threshold may cross it.
ROUNDING = 1e-6
# So many cells of some dozen models stay in the cache while they are looked through.
CELLS_AT_ONCE = 4096
# Below this many rows starting threads costs more than they save.
FEW_ROWS = 4096
# Earlier most cells are open still, and copying some of them costs as much as looking at all.
FIRST_LOOK = 12


class OpenRows(NamedTuple):
    """Rows with those of their cells that are not decided beforehand."""

    places: Ints
    """Where the score of each row without its open cells stands in the table, (rows,)."""
    starts: Ints
    """Where each row's open cells begin and end, (rows + 1,)."""
    cells: Ints
    """Where each open cell stands among all that were open in the beginning, (cells,)."""
    steps: Ints
    """How much further in the table a row stands once the cell is positive, int32 (cells,)."""
    bounds: Floats
    """The least and the greatest that any model says of each open cell, (cells, 2)."""

    def pick(self, places: Ints, starts: Ints, cells: Ints) -> OpenRows:
        """Return the rows with only some cells open, by their place among the open ones."""
        return OpenRows(places, starts, self.cells[cells], self.steps[cells], self.bounds[cells])


class FBetaSearch:
    """The mean over rows of F-beta, for probabilities and a truth (rows, labels)."""

    def __init__(self, predictions: Floats, truth: Bools, options: Mapping[str, Any]) -> None:
        """predictions: (models, rows, labels), memory-mapped or not; options: all of the metric's."""
        self.predictions, self.threshold = predictions, float(options["threshold"])
        self.shares = 4 * cores() if len(truth) >= FEW_ROWS else 1
        self.rows, self.opened, self.said = self._read(np.ascontiguousarray(truth, np.bool_))
        self.near, self.near_until = self.rows, FIRST_LOOK
        self.total = np.zeros(len(self.opened))
        self.size = 0
        scores = _score_table(truth.shape[1], float(options["beta"]), float(options["zero_division"]))
        self.unit = 2.0 ** math.floor(math.log2(2.0**62 / (len(truth) * max(1.0, float(np.abs(scores).max())))))
        self.scores = np.rint(scores * self.unit).astype(np.int64).ravel()

    def _read(self, truth: Bools) -> tuple[OpenRows, Ints, Floats]:
        """Return the rows, the number of each open cell among all, and what each model says of it, (open cells, models)."""
        models, rows, labels = self.predictions.shape
        flat = np.ascontiguousarray(self.predictions).reshape(models, -1)
        bounds = np.empty((rows * labels, 2), flat.dtype)
        shares = self._shares_of(rows * labels)
        on_all_cores(lambda share: _find_bounds(flat, shares[share], shares[share + 1], bounds), range(self.shares))
        least, greatest = bounds[:, 0].reshape(truth.shape), bounds[:, 1].reshape(truth.shape)
        said = least >= self.threshold + ROUNDING
        is_open = (greatest >= self.threshold - ROUNDING) & ~said
        true, sure, hits = (np.count_nonzero(flags, axis=1) for flags in (truth, said, said & truth))
        opened = np.flatnonzero(is_open)
        starts = np.append(0, np.cumsum(np.count_nonzero(is_open, axis=1)))
        values = np.empty((len(opened), models), flat.dtype)
        places = np.searchsorted(opened, shares)
        on_all_cores(lambda share: _copy_open(flat, opened, places[share], places[share + 1], values), range(self.shares))
        steps = (labels + 1 + truth[is_open]).astype(np.int32)
        where = (true * (labels + 1) + sure) * (labels + 1) + hits
        return OpenRows(where, starts, np.arange(len(opened)), steps, bounds[opened]), opened, values

    def _shares_of(self, count: int) -> list[int]:
        """Return where equal shares of so many begin and end: several a core."""
        return [int(edge) for edge in np.linspace(0, count, 1 + self.shares)]

    def values(self) -> Floats:
        """Return the score with each model added."""
        if self.size >= self.near_until:
            self._look_ahead()
        bound, count = _least_sum(self.threshold, self.size + 1), len(self.near.places)
        shares = self._shares_of(count)
        sums = np.zeros((self.shares, len(self.predictions)), np.int64)

        def score(share: int) -> None:
            _add_scores(shares[share], shares[share + 1], self.near, self.said, self.total, bound, self.scores, sums[share])

        on_all_cores(score, range(self.shares))
        return np.asarray(sums.sum(axis=0) / (self.unit * count))

    def take(self, model: int) -> None:
        """Add the model to the running sum."""
        self.total += np.ascontiguousarray(self.predictions[model]).reshape(-1)[self.opened]
        self.size += 1

    def _look_ahead(self) -> None:
        """Keep near the cells that some further steps can leave open: each adds a cell's least value at least, its greatest at most."""
        steps = max(1, self.size // 4)
        places, starts, chosen = self.rows.places.copy(), self.rows.starts.copy(), np.empty_like(self.rows.cells)
        doubt = ROUNDING * (self.size + steps)
        _choose_open(self.rows, self.total, steps, self.threshold * (self.size + steps), doubt, places, starts, chosen)
        self.near, self.near_until = self.rows.pick(places, starts, chosen[: starts[-1]]), self.size + steps


@compiled
def _find_bounds(predictions: Floats, first: int, last: int, bounds: Floats) -> None:
    """Write the least and the greatest that any model says of the cells first..last into bounds (cells, 2), one part after the other.

    predictions: (models, cells), memory-mapped or not: each is read once.
    """
    least, greatest = np.empty(CELLS_AT_ONCE, predictions.dtype), np.empty(CELLS_AT_ONCE, predictions.dtype)
    for start in range(first, last, CELLS_AT_ONCE):
        size = min(CELLS_AT_ONCE, last - start)
        least[:size] = greatest[:size] = predictions[0, start : start + size]
        for model in range(1, len(predictions)):
            part = predictions[model, start : start + size]
            for i in range(size):
                least[i] = min(least[i], part[i])
                greatest[i] = max(greatest[i], part[i])
        for i in range(size):
            bounds[start + i, 0], bounds[start + i, 1] = least[i], greatest[i]


@compiled
def _copy_open(predictions: Floats, opened: Ints, first: int, last: int, values: Floats) -> None:
    """Copy what all models say of the open cells first..last, side by side, into values (open cells, models)."""
    start = first
    while start < last:
        stop = start
        while stop < last and opened[stop] < opened[start] + CELLS_AT_ONCE:
            stop += 1
        for model in range(len(predictions)):
            for i in range(start, stop):
                values[i, model] = predictions[model, opened[i]]
        start = stop


def _least_sum(threshold: float, size: int) -> float:
    """Return the least sum whose mean over `size` models reaches the threshold, as the metric divides and compares.

    >>> _least_sum(0.1, 3) / 3 >= 0.1, math.nextafter(_least_sum(0.1, 3), 0) / 3 >= 0.1
    (True, False)
    """
    least = threshold * size
    while least / size < threshold:
        least = math.nextafter(least, math.inf)
    while math.nextafter(least, -math.inf) / size >= threshold:
        least = math.nextafter(least, -math.inf)
    return least


def _score_table(labels: int, beta: float, zero_division: float) -> Floats:
    """Return F-beta by true labels, predicted labels and hits, (labels + 1, labels + 1, labels + 1)."""
    squared = beta * beta
    true, said, hit = np.ogrid[: labels + 1, : labels + 1, : labels + 1]
    possible = squared * true + said + 0.0 * hit
    return np.where(possible > 0, (1.0 + squared) * hit / np.where(possible > 0, possible, 1.0), zero_division)


@compiled
def _choose_open(rows: OpenRows, total: Floats, steps: int, bound: float, doubt: float, places: Ints, starts: Ints, chosen: Ints) -> None:
    """List the cells that so many steps can leave on either side of the bound, and move rows on for those that will be above it."""
    count = np.int64(0)
    for i in range(len(rows.places)):
        starts[i] = count
        for cell in range(rows.starts[i], rows.starts[i + 1]):
            positive = np.int64(total[cell] + steps * rows.bounds[cell, 0] >= bound + doubt)
            places[i] += positive * rows.steps[cell]
            chosen[count] = cell
            count += (1 - positive) & np.int64(total[cell] + steps * rows.bounds[cell, 1] >= bound - doubt)
    starts[len(rows.places)] = count


@compiled
def _count_positives(own: Floats, already: float, bound: float, step: np.int32, places: Ints) -> None:
    """Add step to places[m] where already + own[m] reaches the bound: in float64 where its precision leaves a doubt."""
    low, high, models = own.dtype.type(bound - already - ROUNDING), own.dtype.type(bound - already + ROUNDING), len(own)
    doubts, none = np.int32(0), np.int32(0)
    for model in range(models):
        places[model] += step if own[model] >= low else none
        doubts += np.int32((own[model] >= low) & (own[model] < high))
    if doubts > 0:
        for model in range(models):
            if own[model] >= low and already + own[model] < bound:
                places[model] -= step


@compiled
def _add_scores(first: int, last: int, rows: OpenRows, values: Floats, total: Floats, bound: float, scores: Ints, sums: Ints) -> None:
    """Add the scores of the rows first..last with each model added to sums, (models,); a sum of at least `bound` is a positive.

    values, total: what all models say of each cell, and the sum of those taken, as `rows.cells` counts them. scores: the table, flat.
    """
    opened, places = np.empty(len(scores), np.int64), np.empty(len(sums), np.int32)
    shared = np.int64(0)
    for i in range(first, last):
        place, count = np.int64(rows.places[i]), np.int64(0)
        # without branches: nobody could foretell them
        for cell in range(rows.starts[i], rows.starts[i + 1]):
            already = total[rows.cells[cell]]
            positive = np.int64(already + rows.bounds[cell, 0] >= bound)
            place += positive * rows.steps[cell]
            opened[count] = cell
            count += (1 - positive) & np.int64(already + rows.bounds[cell, 1] >= bound)
        if count == 0:
            shared += scores[place]
            continue
        places[:] = np.int32(place)
        for cell in opened[:count]:
            own = rows.cells[cell]
            _count_positives(values[own], total[own], bound, rows.steps[cell], places)
        for model in range(len(sums)):
            sums[model] += scores[np.uint32(places[model])]
    sums += shared
