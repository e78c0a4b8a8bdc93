"""Labels that depend on one another by rule, "exactly one of these", "this one excludes those": mixtures of independent labels.

Calibrated marginals and the rules do not say everything about the joint distribution. The one meant here: which of the labels that the
rules bind are true is the *state*; states that the rules forbid never happen. Given the state, all other labels are independent, and
what it excludes is false. Each of them keeps its marginal: it is as much likelier where it is possible as it is impossible elsewhere.

- exactly_one: its labels share a probability of 1 in the proportion of their marginals.
- excludes: a label that is true makes the others named false. A label that excludes, and is in no exactly_one, is true with its marginal.
- Several groups are independent but for the states that the rules forbid, whose probability is shared out in proportion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from stackyard.errors import RecipeInvalid
from stackyard.numerics.arrays import Bools, Floats

EXACTLY_ONE, EXCLUDES = KINDS = ("exactly_one", "excludes")
MOST_STATES = 256
"""Work grows with the states; seventeen labels of which four are weather have four."""


@dataclass(frozen=True)
class LabelGroup:
    """One rule, on columns of the probabilities."""

    kind: str
    """exactly_one or excludes."""
    labels: tuple[int, ...]
    """Of which exactly one is true; or which are false whenever `label` is true."""
    label: int | None = None
    """The label that excludes; None for exactly_one."""

    def as_json(self) -> dict[str, Any]:
        """Return JSON that groups_from_json reads back."""
        document: dict[str, Any] = {"kind": self.kind, "labels": list(self.labels)}
        return document if self.label is None else {**document, "label": self.label}


def groups_from_json(documents: Iterable[Mapping[str, Any]]) -> tuple[LabelGroup, ...]:
    """Return the groups that as_json wrote.

    >>> groups_from_json([{"kind": "excludes", "labels": [1, 2], "label": 0}])[0].label
    0
    """
    return tuple(LabelGroup(one["kind"], tuple(one["labels"]), one.get("label")) for one in documents)


def groups_named(documents: Iterable[Mapping[str, Any]], classes: Sequence[str]) -> tuple[LabelGroup, ...]:
    """Return the groups of a specification or recipe: {"kind", "labels"[, "label"]}, labels by name or by position.

    A group that excludes and has no labels excludes all others. Raises RecipeInvalid for what is no group, for a name that no class has,
    and what states_of raises.

    >>> groups_named([{"kind": "excludes", "label": "cloudy"}], ["clear", "cloudy", "road"])[0].labels
    (0, 2)
    """
    groups = tuple(_group_named(one, classes) for one in documents)
    states_of(groups, len(classes))
    return groups


def _group_named(document: object, classes: Sequence[str]) -> LabelGroup:
    if not isinstance(document, Mapping) or not {"kind"} <= set(document) <= {"kind", "labels", "label"}:
        raise RecipeInvalid(f"expected a label group with kind, labels and, where it excludes, label; got {document!r}")
    label = None if document.get("label") is None else _place_of(document["label"], classes)
    labels = document.get("labels")
    if labels is None and label is not None:
        return LabelGroup(document["kind"], tuple(place for place in range(len(classes)) if place != label), label)
    if not isinstance(labels, (list, tuple)):
        raise RecipeInvalid(f"expected the labels of a group as a list, got {labels!r}")
    return LabelGroup(document["kind"], tuple(_place_of(name, classes) for name in labels), label)


def _place_of(name: object, classes: Sequence[str]) -> int:
    if isinstance(name, int) and not isinstance(name, bool):
        return name
    if name not in classes:
        raise RecipeInvalid(f"expected labels of a group among {', '.join(classes)}, got {name!r}")
    return classes.index(str(name))


def count_broken(truth: Bools, group: LabelGroup) -> int:
    """Return how many rows of a truth (n, L) break a rule.

    >>> count_broken(np.array([[True, True], [True, False]]), LabelGroup("exactly_one", (0, 1)))
    1
    """
    named = truth[:, list(group.labels)]
    if group.kind == EXACTLY_ONE:
        return int(np.count_nonzero(named.sum(axis=1) != 1))
    return int(np.count_nonzero(truth[:, group.label] & named.any(axis=1)))


@dataclass(frozen=True)
class States:
    """What the rules allow: of the bound labels every assignment that breaks none, and what each leaves possible."""

    bound: tuple[int, ...]
    """Columns of the labels that the rules bind."""
    true: Bools
    """(states, bound): which of them each state makes true."""
    blocked: Bools
    """(states, labels): which labels, bound ones aside, each state makes false."""
    groups: tuple[LabelGroup, ...]

    @property
    def free(self) -> list[int]:
        """Columns of the labels that no rule binds."""
        return [column for column in range(self.blocked.shape[1]) if column not in self.bound]


def states_of(groups: Sequence[LabelGroup], labels: int) -> States:
    """Return the states of `labels` labels under these rules.

    Raises RecipeInvalid for labels that are none, a label in two exactly_one groups, a label that excludes itself, rules that no row can
    keep, and rules with more than MOST_STATES states.

    >>> states_of([LabelGroup("exactly_one", (0, 1)), LabelGroup("excludes", (2,), 1)], 3).true.tolist()
    [[True, False], [False, True]]
    """
    _check(groups, labels)
    choices, bound = _choices(groups)
    if np.prod([float(len(choice)) for choice in choices]) > MOST_STATES:
        sizes = " x ".join(str(len(choice)) for choice in choices)
        raise RecipeInvalid(f"expected label groups with at most {MOST_STATES} combinations, got {sizes}")
    true, blocked = [], []
    for combination in product(*choices):
        happened = {column for part in combination for column in part}
        banned = {column for group in groups if group.kind == EXCLUDES and group.label in happened for column in group.labels}
        if not happened & banned:
            true.append([column in happened for column in bound])
            blocked.append([column in banned for column in range(labels)])
    if not true:
        raise RecipeInvalid("expected label groups that some row can keep, got rules that contradict one another")
    return States(bound, np.array(true, np.bool_).reshape(len(true), -1), np.array(blocked, np.bool_), tuple(groups))


def _choices(groups: Sequence[LabelGroup]) -> tuple[list[list[tuple[int, ...]]], tuple[int, ...]]:
    """Return for each exactly_one group, and each label that excludes and is in none, what may be true of it; and all these columns."""
    choices: list[list[tuple[int, ...]]] = [[(column,) for column in group.labels] for group in groups if group.kind == EXACTLY_ONE]
    grouped = [column for group in groups if group.kind == EXACTLY_ONE for column in group.labels]
    alone = sorted({group.label for group in groups if group.label is not None} - set(grouped))
    return [*choices, *([(), (column,)] for column in alone)], (*grouped, *alone)


def _check(groups: Sequence[LabelGroup], labels: int) -> None:
    seen: set[int] = set()
    for group in groups:
        if group.kind not in KINDS or (group.label is None) != (group.kind == EXACTLY_ONE):
            raise RecipeInvalid(f"expected a label group of kind {' or '.join(KINDS)}, with a label that excludes, got {group.as_json()}")
        columns = [*group.labels, *([] if group.label is None else [group.label])]
        if len(set(columns)) != len(columns) or not group.labels or not all(0 <= column < labels for column in columns):
            raise RecipeInvalid(f"expected different labels among 0 to {labels - 1} in a label group, got {columns}")
        if group.kind == EXACTLY_ONE:
            if len(group.labels) < 2 or seen & set(group.labels):
                raise RecipeInvalid(f"expected each exactly_one group to have two labels or more, and no label in two, got {columns}")
            seen |= set(group.labels)


def state_chances(probabilities: Floats, states: States) -> Floats:
    """Return how likely each state is, float64 (n, states), rows that sum to 1.

    probabilities: (n, labels) in [0, 1]. A group whose labels all have probability 0 (or a state of the whole that has) is even.
    """
    cells = np.clip(probabilities[:, list(states.bound)], 0.0, 1.0, dtype=np.float64)
    chances = np.ones((len(cells), len(states.true)))
    place = 0
    for group in (one for one in states.groups if one.kind == EXACTLY_ONE):
        size = len(group.labels)
        chances *= _shared(cells[:, place : place + size]) @ states.true[:, place : place + size].T
        place += size
    for column in range(place, len(states.bound)):
        chances *= np.where(states.true[:, column], cells[:, column, None], 1.0 - cells[:, column, None])
    return _shared(chances)


def _shared(weights: Floats) -> Floats:
    """Return rows scaled to sum to 1; a row of noughts becomes even."""
    sums = weights.sum(axis=1, keepdims=True)
    return np.asarray(np.where(sums > 0, weights / np.where(sums > 0, sums, 1.0), 1.0 / weights.shape[1]))


def free_chances(probabilities: Floats, states: States, chances: Floats) -> Floats:
    """Return the probability of each label that no rule binds in the states that leave it possible, float64 (n, labels).

    That is its marginal over the chance of being possible, at most 1. chances: as state_chances gives them. Bound labels: unspecified.
    """
    possible = chances @ ~states.blocked
    cells = np.clip(probabilities, 0.0, 1.0, dtype=np.float64)
    # a marginal may be greater than its chance of being possible, and then fills it
    return np.asarray(np.divide(cells, np.maximum(possible, cells), out=np.zeros_like(cells), where=(possible > 0) & (cells > 0)))
