"""From a competition's own files to its contract."""

from __future__ import annotations

import numpy.typing as npt

from stackyard.contract.contract import Contract
from stackyard.contract.labels import Labels
from stackyard.contract.samples import TAGS, Sample
from stackyard.contract.spec import Spec


def settle_classes(labels: Labels, sample: Sample, spec: Spec) -> Labels:
    """Return labels with the prediction columns that the sample submission names, in its order; the specification's order comes first.

    A sample of tags or of labels in one column names no classes: those stay as they are.
    """
    single = labels.truth.ndim == 1 and len(labels.classes) == 1
    named = set(sample.columns) == set(labels.classes) and spec.classes is None
    return labels.reorder(sample.columns) if single or named else labels


def make_contract(spec: Spec, labels: Labels, sample: Sample, folds: npt.ArrayLike | None = None) -> Contract:
    """Return the contract of a competition; labels as settle_classes gave them, folds one a train id."""
    return Contract(
        slug=spec.slug,
        task=spec.task,
        metric=spec.metric,
        metric_options=spec.metric_options,
        id_column=spec.id_column,
        classes=labels.classes,
        train_ids=labels.ids,
        test_ids=sample.test_ids,
        folds=folds,  # type: ignore[arg-type]  # the contract brings it into its own form
        tags_column=sample.columns[0] if sample.kind == TAGS else spec.tags_column,
        empty_tags_allowed=labels.has_empty_rows,
    )
