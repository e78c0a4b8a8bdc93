"""How sure a score is, and whether two models differ by more than noise: from their scores on the same resamples of the rows.

Both speak of the rows alone: of another draw of rows from where these came, judged by the models and decisions as they are. That a model
trained anew would differ too is not in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stackyard.errors import ShapeMismatch
from stackyard.numerics.arrays import Floats

LEVEL = 0.95
LEAST_DEFINED = 0.5
"""With fewer resamples than this share on which the metric is defined, nothing is said."""


@dataclass(frozen=True)
class Interval:
    """Where a score lies, at LEVEL: the middle share of its resamples."""

    low: float
    high: float


def score_interval(resampled: Floats, level: float = LEVEL) -> Interval | None:
    """Return the percentile interval of a score, or None where the metric is undefined on too many resamples.

    resampled: the score on each resample, (resamples,), NaN where undefined (resampling.resampled_scores).
    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    >>> score_interval(np.arange(101.0), level=0.5)
    Interval(low=25.0, high=75.0)
    """
    defined = resampled[~np.isnan(resampled)]
    if len(defined) < max(1.0, LEAST_DEFINED * len(resampled)):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def is_within_noise(one: Floats, other: Floats, level: float = LEVEL) -> bool | None:
    """Say whether two scores may differ by which rows came alone: whether the interval of their paired difference holds 0.

    one, other: scores on the same resamples, (resamples,). Of two equal models no more than 1 - level of the pairs (5 %) are told apart
    by chance. None where too many resamples are undefined. Raises ShapeMismatch where the resamples are not the same.

    >>> steady = np.linspace(0.0, 1.0, 200)
    >>> is_within_noise(steady, steady + 0.1), is_within_noise(steady, steady[::-1])
    (False, True)
    """
    if one.shape != other.shape:
        raise ShapeMismatch(f"expected scores on the same resamples, got {one.shape} and {other.shape}")
    interval = score_interval(one - other, level)
    return None if interval is None else interval.low <= 0.0 <= interval.high
