"""scikit-learn's F2 of label sets, fold by fold."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import fbeta_score

from benchmarks.peers.measured import Array, Measured, with_version
from benchmarks.timing import repeat

NAME = with_version("scikit-learn, fbeta_score(average='samples') by fold", "scikit-learn")


def measure(arrays: dict[str, Array], settings: dict[str, Any]) -> Measured:
    truth, labels, folds = (np.array(arrays[name]) for name in ("truth", "labels", "folds"))

    def score() -> list[float]:
        values = []
        for fold in range(settings["folds"]):
            inside = folds == fold
            values.append(fbeta_score(truth[inside], labels[inside], beta=2, average="samples", zero_division=1.0))
        return values

    runs = repeat(score, settings["budget_seconds"])
    return Measured(runs.seconds, {"scores": np.array(runs.result)})
