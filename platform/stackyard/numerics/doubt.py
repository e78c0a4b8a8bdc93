"""A trace of doubt: no blend is surer than the rows that it was judged on allow.

A certain and wrong answer costs a log loss 34.5 (probabilities end at 1e-15): one such row outweighs all else that a blend of some
thousand rows can win or lose, and no selection of weights sees it coming, since the row is in none of the folds it learned from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.metrics import Metric
from stackyard.numerics.truth_cells import LOG_LOSSES

ROWS = 0.1
"""The doubt weighs as much as this many rows, shared among the classes: it costs no more than a tenth of a nat over all rows."""


@dataclass(frozen=True)
class Doubt:
    """Probabilities p become p * (1 - share) + floor; the mean of several such blends is such a blend."""

    share: float = 0.0
    floor: float = 0.0

    @classmethod
    def of(cls, metric: Metric, rows: int, columns: int) -> Doubt:
        """Return the doubt that so many rows leave: of the classes (columns) or of yes and no, none where no log loss judges.

        Source: Perks (1947), Some Observations on Inverse Probability, Journal of the Institute of Actuaries 73: a prior of a fixed
        weight, shared among the classes.

        >>> from stackyard.numerics.metrics import METRICS
        >>> Doubt.of(METRICS["binary_log_loss"], 1000, 1)
        Doubt(share=0.0001, floor=5e-05)
        """
        if metric.name not in LOG_LOSSES:
            return cls()
        share = ROWS / rows
        return cls(share, share / (columns if metric.name == "multiclass_log_loss" else 2))

    def admit(self, probabilities: Floats) -> Floats:
        """Return the probabilities with this doubt, in their dtype; without any they stay the same array."""
        if not self.share:
            return probabilities
        return np.asarray(probabilities * np.float64(1.0 - self.share) + self.floor, probabilities.dtype)
