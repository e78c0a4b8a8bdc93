"""From probabilities, or from votes, to labels: what needs no truth to be fitted on.

The compiled searches for the best set are imported when they are first called: the web process reads the decisions without them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stackyard.errors import NotFinite, OutOfRange, ShapeMismatch
from stackyard.numerics.arrays import Bools, Floats, Ints
from stackyard.numerics.label_groups import LabelGroup, states_of

# Blends of float32 probabilities may leave [0, 1] by rounding; more than this is a mistake.
ROUNDING = 1e-5


def argmax_labels(probabilities: Floats) -> Ints:
    """Return the likeliest class of each row, shape (n,); of equally likely ones the first.

    >>> argmax_labels(np.array([[0.2, 0.8], [0.5, 0.5]])).tolist()
    [1, 0]
    """
    if probabilities.ndim != 2:
        raise ShapeMismatch(f"expected probabilities of shape (n, classes), got {probabilities.shape}")
    return np.asarray(probabilities.argmax(axis=1))


def expected_fbeta_labels(probabilities: Floats, beta: float = 2.0, zero_division: float = 1.0, groups: Sequence[LabelGroup] = ()) -> Bools:
    """Return for each row the label set with the greatest expected F-beta, bool (n, L), exact for independent labels.

    probabilities: shape (n, L), calibrated: the probability that each label is true.
    groups: rules that make labels depend on one another; exact for the mixture that numerics.label_groups describes.
    zero_division: what the empty set scores when no label is true, as in f_beta_samples_score (1 by default, so that the empty set is
    worth the chance that nothing is true; with 0 it is never taken). Of equally good sets the smaller, then the earlier labels.
    Raises ShapeMismatch, NotFinite or OutOfRange for probabilities that are none, RecipeInvalid for groups that do not fit.
    Source: Ye, Chai, Lee and Chieu (2012), Optimizing F-measure: A Tale of Two Approaches, ICML.

    >>> expected_fbeta_labels(np.array([[0.9, 0.3, 0.05]])).tolist()
    [[True, True, False]]
    >>> even = np.array([[0.5, 0.5, 0.5]])
    >>> expected_fbeta_labels(even, groups=[LabelGroup("exactly_one", (0, 1)), LabelGroup("excludes", (2,), 0)]).tolist()
    [[True, True, True]]
    """
    if probabilities.ndim != 2:
        raise ShapeMismatch(f"expected probabilities of shape (n, labels), got {probabilities.shape}")
    # a NaN anywhere is the least and the greatest value
    lowest, highest = probabilities.min(initial=0.0), probabilities.max(initial=1.0)
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise NotFinite("expected finite probabilities, got NaN or infinity")
    if lowest < -ROUNDING or highest > 1 + ROUNDING:
        raise OutOfRange(f"expected probabilities in [0, 1], got {lowest} to {highest}")
    if groups:
        # imported here: numba must stay out of the web process
        from stackyard.numerics.grouped_fbeta import best_grouped_sets  # noqa: PLC0415

        return best_grouped_sets(probabilities, states_of(groups, probabilities.shape[1]), float(beta) ** 2, float(zero_division))
    # imported here: numba must stay out of the web process
    from stackyard.numerics.expected_fbeta import best_label_sets  # noqa: PLC0415

    return best_label_sets(np.ascontiguousarray(probabilities), float(beta) ** 2, float(zero_division))


def vote_labels(votes: Bools, share: float = 0.4, weights: Floats | None = None) -> Bools:
    """Return the labels that have at least this share of the votes, bool (n, L).

    votes: bool (voters, n, L), the labels that each voter gave. weights: (voters,), none negative, not all zero; equal by default.
    Raises ShapeMismatch unless there is one weight a voter.

    >>> vote_labels(np.array([[[True, True]], [[True, False]], [[False, False]]]), share=0.5).tolist()
    [[True, False]]
    """
    weights = np.ones(len(votes)) if weights is None else np.asarray(weights, np.float64)
    if votes.ndim != 3 or weights.shape != votes.shape[:1] or weights.min(initial=0) < 0 or weights.sum() <= 0:
        raise ShapeMismatch(f"expected votes (voters, n, labels) and a weight a voter, got {votes.shape} and {weights.shape}")
    shares = np.zeros(votes.shape[1:])
    for vote, weight in zip(votes, weights / weights.sum(), strict=True):
        shares += weight * vote
    # 2 of 5 votes are 0.4 of them however the weights round
    return np.asarray(shares >= share - 1e-9)
