"""MultilabelStratifiedKFold."""

from __future__ import annotations

from typing import Any

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold

from benchmarks.peers.measured import Array, Measured, with_version
from benchmarks.timing import repeat

NAME = with_version("iterative-stratification, MultilabelStratifiedKFold", "iterative-stratification")


def measure(arrays: dict[str, Array], settings: dict[str, Any]) -> Measured:
    truth = np.array(arrays["truth"])

    def make() -> Array:
        folds = np.empty(len(truth), np.int64)
        splitter = MultilabelStratifiedKFold(settings["folds"], shuffle=True, random_state=settings["seed"])
        for fold, (_, rows) in enumerate(splitter.split(truth, truth)):
            folds[rows] = fold
        return folds

    runs = repeat(make, settings["budget_seconds"])
    return Measured(runs.seconds, {"folds": runs.result})
