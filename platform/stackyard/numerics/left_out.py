"""Why a model is in the blend, or was left out: one reason a model, with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.contributions import Contributions
from stackyard.numerics.diversity import SAME_CLUSTER
from stackyard.numerics.duplicates import Group
from stackyard.numerics.metrics import METRICS

CLEAR = 2.0
"""A gain of so many standard errors is no chance."""


@dataclass(frozen=True)
class Reason:
    """Why one model has the weight it has."""

    kind: str
    """used | duplicate | covered | helps_little | within_noise | no_help"""
    sentence: str
    numbers: dict[str, float] = field(default_factory=dict)
    """worse_by (than the twin; negative: better), correlation (with it), gain, noise and share (when added with the best share)."""
    twin: int = -1
    """The model with weight that is most like this one (or an earlier copy of it); -1 for a model that is used itself."""


def explain_weights(
    names: Sequence[str], values: Floats, pearson: Floats, duplicates: Sequence[Group], found: Contributions
) -> list[Reason]:
    """Return the reason of each model, in their order.

    values: each model's own value under the metric, (models,). pearson: compare_models' correlations. duplicates: find_duplicates' groups.
    A model without weight, by the first that holds:
    - duplicate: a copy of a model with weight, or of one that came earlier.
    - helps_little: added with its best share it would help beyond noise (2 standard errors); the search's steps are too coarse for it.
    - covered: a model with weight is better and shares nine tenths of its variance.
    - no_help: no share of it helps on the folds that shares are found on.
    - within_noise: what it would add cannot be told from nothing.
    """
    return [_explain(place, names, values, pearson, duplicates, found) for place in range(len(names))]


def _explain(
    place: int, names: Sequence[str], values: Floats, pearson: Floats, duplicates: Sequence[Group], found: Contributions
) -> Reason:
    weights = found.path.weights
    name, gain, noise, share = names[place], float(found.add_gain[place]), float(found.add_noise[place]), float(found.add_share[place])
    if weights[place] > 0:
        return _used(place, name, found)
    twin = _twin(place, weights, pearson, duplicates)
    sign = 1.0 if METRICS[found.metric].higher_is_better else -1.0
    worse_by, correlation = sign * float(values[twin] - values[place]), float(pearson[place, twin])
    numbers = {"worse_by": worse_by, "correlation": correlation, "gain": gain, "noise": noise, "share": share}
    beside = f"{'worse' if worse_by > 0 else 'better'} than {names[twin]} by {abs(worse_by):.4g} and correlated {correlation:.3f} with it"
    adding = f"added with its best share of {share:.1%} it gains {gain:.2g} (noise {noise:.2g})"
    if share == 0.0:
        adding = "no share of it makes the blend better on the folds it is tried on"
    if any({place, twin} <= set(group.members) for group in duplicates):
        where = "is in the blend" if weights[twin] > 0 else "came earlier"
        return Reason("duplicate", f"{name} predicts the same as {names[twin]}, which {where}.", numbers, twin)
    if gain > CLEAR * noise and gain > 0:
        return Reason("helps_little", f"{name} is {beside}; {adding}: less than a step of the search can give it.", numbers, twin)
    if worse_by > 0 and correlation >= SAME_CLUSTER:
        return Reason("covered", f"{name} is {beside}, so that {names[twin]} says it already; {adding}.", numbers, twin)
    if share == 0.0:
        return Reason("no_help", f"{name} is {beside}; {adding}.", numbers, twin)
    return Reason("within_noise", f"{name} is {beside}; {adding}: no more than chance.", numbers, twin)


def _used(place: int, name: str, found: Contributions) -> Reason:
    weight, gain, noise = float(found.path.weights[place]), float(found.drop_gain[place]), float(found.drop_noise[place])
    if np.isnan(gain):
        return Reason("used", f"{name} is the only model.", {"weight": weight})
    sentence = f"{name} has weight {weight:.3f}; without it the blend would be {'worse' if gain >= 0 else 'better'} by {abs(gain):.2g}"
    return Reason("used", f"{sentence} (noise {noise:.2g}).", {"weight": weight, "gain": gain, "noise": noise})


def _twin(place: int, weights: Floats, pearson: Floats, duplicates: Sequence[Group]) -> int:
    """Return the model with weight that is most like this one; before all others a copy of it with weight, or an earlier copy."""
    group = next((group.members for group in duplicates if place in group.members), ())
    copies = [other for other in group if weights[other] > 0] or [other for other in group if other < place]
    return copies[0] if copies else int(np.where(weights > 0, pearson[place], -np.inf).argmax())
