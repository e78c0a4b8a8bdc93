"""One round of hill climbing: each other model mixed into the best one at each of 50 weights."""

from __future__ import annotations

import numpy as np
from stackyard.numerics.hill_climbing import WEIGHTS, Mix, best_mix, mix_losses
from stackyard.numerics.truth_cells import truth_cells

from benchmarks.benchmark import Case, Check
from benchmarks.data import Array, label_predictions, planet_labels
from benchmarks.peer import PeerRun


def exact_loss(blend: Array, other: Array, weight: float) -> float:
    """Return the log loss of a mixture of what two models gave to the truth, in float64."""
    return -float(np.log((1.0 - weight) * blend.astype(np.float64) + weight * other).mean())


def make(tiny: bool) -> Case:
    """Both sides begin with the predictions laid out for them and every model's own loss known; the best one is the blend."""
    labels = planet_labels(500) if tiny else planet_labels()
    models = 6 if tiny else 48
    predictions = label_predictions(labels.truth, models)
    cells = truth_cells(predictions, labels.truth)
    losses = [exact_loss(model, model, 0.0) for model in cells]
    first = int(np.argmin(losses))
    others = [model for model in range(models) if model != first]

    def check(best: Mix | None, peer: PeerRun | None) -> Check:
        tried = np.repeat(others, len(WEIGHTS)), np.tile(WEIGHTS, len(others))
        every = mix_losses(cells[first], cells, *tried)
        found = best or Mix(first, 0.0, losses[first])
        away = abs(found.loss - exact_loss(cells[first], cells[found.model], found.weight))
        least = min(every.min(), losses[first])
        how = (
            f"model {found.model} at {found.weight:g}: {found.loss:.7f}, {away:.1e} from float64; the least of {len(every):,}: {least:.7f}"
        )
        right = bool(found.loss <= least + 1e-7 and away < 1e-7)
        if peer is None:
            return Check(right, how)
        order = [model for model in peer.results["order"] if model != first]
        theirs = peer.results["values"]
        values = [every.reshape(len(others), -1)[others.index(model)] for model in order]
        gap = float(np.abs(np.concatenate(values)[: len(theirs)] - theirs).max())
        return Check(right and gap < 1e-6, f"{how}; the peer's {len(theirs)} values are at most {gap:.1e} away")

    return Case(
        ours=lambda: best_mix(cells[first], cells, others, losses[first], losses),
        arrays={"predictions": predictions.reshape(models, -1), "truth": labels.truth.ravel().astype(np.int64)},
        touched_bytes=cells.nbytes,
        check=check,
        data=f"{labels.source}; {models} made models",
        settings={"measured_calls": 100},
    )
