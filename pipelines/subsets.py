"""Specialists: nets that know some of the classes, and their recombination along a taxonomy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.data_spec import MULTICLASS, MULTILABEL
from pipelines.errors import LabelUnknown, PredictionInvalid
from pipelines.labels import Truth
from pipelines.nearest import hint
from pipelines.predictions import Form, Predictions, read_predictions, write_predictions
from pipelines.tables import shown


def expand(wanted: Sequence[str], classes: Sequence[str], taxonomy: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the wanted classes, with each group of the taxonomy replaced by the classes in it; what is a class itself is no group.

    >>> expand(["b", "round"], ["a", "b", "c"], {"round": ["a", "c"]})
    ('b', 'a', 'c')
    """
    return tuple(one for name in wanted for one in (taxonomy[name] if name in taxonomy and name not in classes else (name,)))


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


def recombine(general: Predictions, specialists: Sequence[Predictions], share: float = 1.0) -> Predictions:
    """Return multiclass probabilities in which each specialist shares out what the general net gives to its classes together.

    p(class) = p(group) * p(class | group), where p(group) is the general net's sum over the specialist's columns.
    general: all classes, rows that sum to 1. specialists: some columns each, and at least the general net's ids.
    share: how much of p(class | group) is the specialist's; the rest stays the general net's.
    Raises PredictionInvalid where ids are missing, a column is no class of the general net, or two specialists share one.
    Source: Goodman (2001), Classes for Fast Maximum Entropy Training: hierarchical softmax; here with nets trained apart.

    >>> rough = Predictions(("i",), ("a", "b", "c"), np.array([[0.5, 0.3, 0.2]], np.float32))
    >>> fine = Predictions(("i",), ("a", "b"), np.array([[0.25, 0.75]], np.float32))
    >>> recombine(rough, [fine]).values.round(3).tolist() == np.array([[0.2, 0.6, 0.2]], np.float32).tolist()
    True
    """
    combined = general.values.astype(np.float64)
    taken: set[str] = set()
    for specialist in specialists:
        odd = [name for name in specialist.columns if name not in general.columns or name in taken]
        if odd or specialist.values.ndim != 2:
            known = f"columns among {shown(general.columns)} that no other specialist has"
            raise PredictionInvalid(f"expected {known}, got {shown(odd or specialist.columns)}")
        taken |= set(specialist.columns)
        columns = [general.columns.index(name) for name in specialist.columns]
        parts, said = combined[:, columns], specialist.rows(general.ids).astype(np.float64)
        fine = parts.sum(axis=1, keepdims=True) * said / said.sum(axis=1, keepdims=True)
        combined[:, columns] = (1 - share) * parts + share * fine
    return Predictions(general.ids, general.columns, combined.astype(np.float32))


def recombine_files(general: Path, specialists: Sequence[Path], out: Path, share: float = 1.0) -> None:
    """Write what `recombine` makes of files, judged by the contract; raise PredictionInvalid."""
    rough = read_predictions(general)
    form = Form(MULTICLASS, rough.ids, rough.columns)
    whole = form.check(rough.ids, rough.columns, rough.values)
    write_predictions(out, recombine(whole, [read_predictions(path) for path in specialists], share), form)
