"""The compiled half of Platt's calibration: derivatives of a log loss in one pass over the rows."""

from __future__ import annotations

import math

from stackyard.numerics.arrays import Floats
from stackyard.numerics.compiled import quick_without_checks

# Beyond these odds a probability differs from 0 or 1 by less than float64 can say beside 1.
WIDEST = 40.0
SHARE = 1.0 / 64.0
# 1 / k!: of an exponent of at most 40 / 64 the rest of the series is below 1e-16.
C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14 = (1.0 / math.factorial(power) for power in range(2, 15))


@quick_without_checks
def logistic(value: float) -> float:
    """Return 1 / (1 + exp(-value)), right to 1e-14.

    The exponential is a series of a 64th of the exponent, squared six times: all of it plain arithmetic, so that several rows go
    through at once. math.exp and numpy's tanh take them one by one.
    """
    value = value if value < WIDEST else WIDEST
    part = SHARE * (-value if value > -WIDEST else WIDEST)
    # Horner's rule in two halves of even and odd powers
    square = part * part
    even = ((((((C14 * square + C12) * square + C10) * square + C8) * square + C6) * square + C4) * square + C2) * square + 1.0
    odd = (((((C13 * square + C11) * square + C9) * square + C7) * square + C5) * square + C3) * square + 1.0
    grown = even + odd * part
    grown = grown * grown
    grown = grown * grown
    grown = grown * grown
    grown = grown * grown
    grown = grown * grown
    grown = grown * grown
    return 1.0 / (1.0 + grown)


@quick_without_checks
def add_up(odds: Floats, targets: Floats, slope: float, intercept: float) -> tuple[float, float, float, float, float]:
    """Return the sums, over rows (n,), of miss * odds, miss, spread * odds ** 2, spread * odds and spread.

    miss: the probability at slope * odds + intercept less the target; spread: the probability's own variance.
    """
    along, missed, curved, crossed, spread = 0.0, 0.0, 0.0, 0.0, 0.0
    for row in range(len(odds)):
        x = odds[row]
        sure = logistic(slope * x + intercept)
        miss, share = sure - targets[row], sure * (1.0 - sure)
        along += miss * x
        missed += miss
        curved += share * x * x
        crossed += share * x
        spread += share
    return along, missed, curved, crossed, spread


@quick_without_checks
def fill_probabilities(odds: Floats, slopes: Floats, intercepts: Floats, found: Floats) -> None:
    """Write what each label's slope and intercept make of its log odds; odds and found: (L, n)."""
    for label in range(len(odds)):
        slope, intercept = slopes[label], intercepts[label]
        for row in range(odds.shape[1]):
            found[label, row] = logistic(slope * odds[label, row] + intercept)
