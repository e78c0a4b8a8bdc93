"""The loop behind the log odds, compiled."""

from __future__ import annotations

import math

import numpy as np

from stackyard.numerics.arrays import Floats
from stackyard.numerics.compiled import compiled


@compiled
def fill_log_odds(probabilities: Floats, exclusive: bool, epsilon: float, odds: Floats) -> None:
    """Fill odds (rows, columns) of one model, held epsilon from 0 and 1; exclusive: a row's columns share its probability."""
    rows, columns = odds.shape
    for i in range(rows):
        total = 0.0
        for j in range(columns):
            p = min(max(np.float64(probabilities[i, j]), epsilon), 1.0 - epsilon)
            value = math.log(p) if exclusive else math.log(p / (1.0 - p))
            total += value
            odds[i, j] = value
        if exclusive:
            for j in range(columns):
                odds[i, j] -= total / columns
