"""Specialists: nets that know some of the classes, and their recombination along a taxonomy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipelines.data_spec import MULTICLASS, MULTILABEL
from pipelines.errors import LabelUnknown, PredictionInvalid
from pipelines.labels import Truth
from pipelines.nearest import hint

Floats = npt.NDArray[np.float64]


def narrow(task: str, classes: Sequence[str], truth: Truth, wanted: Sequence[str]) -> tuple[tuple[str, ...], Truth, npt.NDArray[np.bool_]]:
    """Return a specialist's classes, truth, and the rows that it learns from, bool (n,); with no classes wanted, all.

    Multiclass rows of other classes have truth -1 and are not learnt from; multilabel rows keep the wanted columns.
    Raises LabelUnknown for a class that there is not, or with another task.

    >>> narrow("multiclass", ["a", "b", "c"], np.array([0, 1, 2]), ["c", "a"])[1].tolist()
    [1, -1, 0]
    """
    everything = np.ones(len(truth), np.bool_)
    if not wanted:
        return tuple(classes), truth, everything
    if task not in {MULTICLASS, MULTILABEL} or (task == MULTICLASS and len(wanted) < 2):
        raise LabelUnknown(f"expected data.labels to be classes of a multilabel task, or two or more of a multiclass one, got {wanted}")
    for name in wanted:
        if name not in classes or wanted.count(name) > 1:
            raise LabelUnknown(f"expected each of data.labels once, and among the classes, got {name!r}{hint(name, classes)}")
    places = [list(classes).index(name) for name in wanted]
    if task == MULTILABEL:
        return tuple(wanted), np.ascontiguousarray(truth[:, places]), everything
    codes = np.full(len(classes), -1, np.int64)
    codes[places] = np.arange(len(places))
    return tuple(wanted), codes[truth], codes[truth] >= 0


def recombine(
    general: Floats, classes: Sequence[str], specialists: Mapping[str, tuple[Sequence[str], Floats]], share: float = 1.0
) -> Floats:
    """Return multiclass probabilities in which each specialist shares out what the general net gives to its group of classes.

    p(class) = p(group) * p(class | group), where the group's part is the general net's sum over its classes.
    general: (n, C), rows that sum to 1. classes: names of its columns. specialists: group -> (names of its classes, (n, k) of them).
    share: how much of p(class | group) is the specialist's; the rest stays the general net's.
    Raises PredictionInvalid where shapes or names do not fit, or two specialists share a class.
    Source: hierarchical softmax by groups (Goodman 2001); here with nets trained apart.

    >>> general = np.array([[0.5, 0.3, 0.2]])
    >>> recombine(general, ["a", "b", "c"], {"ab": (["a", "b"], np.array([[0.25, 0.75]]))}).round(3).tolist()
    [[0.2, 0.6, 0.2]]
    """
    combined = np.array(general, np.float64)
    taken: set[str] = set()
    for group, (names, values) in specialists.items():
        unknown = [name for name in names if name not in classes or name in taken]
        if unknown or values.shape != (len(general), len(names)) or len(set(names)) != len(names):
            detail = f"{len(general)} rows of {len(names)} classes that no other specialist has in {group!r}"
            raise PredictionInvalid(f"expected {detail}, got shape {values.shape} and {unknown or list(names)}")
        taken |= set(names)
        columns = [list(classes).index(name) for name in names]
        parts = general[:, columns]
        total = parts.sum(axis=1, keepdims=True)
        combined[:, columns] = (1 - share) * parts + share * total * values / values.sum(axis=1, keepdims=True)
    return combined
