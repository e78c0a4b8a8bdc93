"""A level-2 method for files of tags: a label stands where enough of the models gave it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup
from stackyard.numerics.label_metrics import f_beta_samples_rows
from stackyard.numerics.labelling import vote_labels

# Two of five votes are enough; every voter counts alike.
DEFAULTS: dict[str, Any] = {"share": 0.4, "score_power": 0.0}
LIMITS: dict[str, float] = {"share": 1.0, "score_power": 100.0}
HALF = 0.5
"""From here on a probability is a vote; tags are 0 and 1."""


def fit_vote(parts: Sequence[FoldRows], setup: Setup) -> Predictor:
    """Return the vote, 0 or 1 a label. Settings: share, of the votes that a label needs; score_power, how much better models count for.

    A model weighs its mean F2 by row on the training folds to this power: equal votes at 0, and the more the best model alone the
    greater it is. Only then is anything learned from the truth.
    """
    settings = {**DEFAULTS, **setup.settings}
    weights = _scores(parts) ** settings["score_power"] if settings["score_power"] else np.ones(len(parts[0].predictions))
    if not weights.any():
        weights = np.ones(len(weights))

    def predict(predictions: Floats) -> Floats:
        return vote_labels(predictions >= HALF, settings["share"], weights).astype(np.float32)

    return predict


def _scores(parts: Sequence[FoldRows]) -> Floats:
    """Return each model's mean F2 by row over all parts, (models,)."""
    sums = np.sum([part.keep("f2_sums", _f2_sums) for part in parts], axis=0)
    return np.asarray(sums / sum(len(part.targets) for part in parts))


def _f2_sums(part: FoldRows) -> Floats:
    truth = part.targets > HALF
    return np.array([f_beta_samples_rows(truth, model >= HALF).sum() for model in part.predictions])
