"""From probabilities to labels. Every decision has one form: fit -> parameters (plain JSON), apply -> labels.

The compiled search for the best set is imported when it is first called: the web process reads DECISIONS without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackyard.errors import NotFinite, OutOfRange, RecipeInvalid, ShapeMismatch
from stackyard.numerics.arrays import Bools, Floats, Ints, Numbers
from stackyard.numerics.cut_points import cut_values, fit_cut_points
from stackyard.numerics.metrics import BINARY, MULTICLASS, MULTILABEL, REGRESSION, Metric
from stackyard.numerics.thresholds import fit_thresholds, threshold_labels

__all__ = [
    "DECISIONS",
    "Decision",
    "argmax_labels",
    "decision_for",
    "expected_fbeta_labels",
    "fit_thresholds",
    "threshold_labels",
    "vote_labels",
]

# Blends of float32 probabilities may leave [0, 1] by rounding; more than this is a mistake.
ROUNDING = 1e-5

Parameters = dict[str, Any]


def argmax_labels(probabilities: Floats) -> Ints:
    """Return the likeliest class of each row, shape (n,); of equally likely ones the first.

    >>> argmax_labels(np.array([[0.2, 0.8], [0.5, 0.5]])).tolist()
    [1, 0]
    """
    if probabilities.ndim != 2:
        raise ShapeMismatch(f"expected probabilities of shape (n, classes), got {probabilities.shape}")
    return np.asarray(probabilities.argmax(axis=1))


def expected_fbeta_labels(probabilities: Floats, beta: float = 2.0, zero_division: float = 1.0) -> Bools:
    """Return for each row the label set with the greatest expected F-beta, bool (n, L), exact for independent labels.

    probabilities: shape (n, L), calibrated: the probability that each label is true.
    zero_division: what the empty set scores when no label is true, as in f_beta_samples_score (1 by default, so that the empty set is
    worth the chance that nothing is true; with 0 it is never taken). Of equally good sets the smaller, then the earlier labels.
    Raises ShapeMismatch, NotFinite or OutOfRange for probabilities that are none.
    Source: Ye, Chai, Lee and Chieu (2012), Optimizing F-measure: A Tale of Two Approaches, ICML.

    >>> expected_fbeta_labels(np.array([[0.9, 0.3, 0.05]])).tolist()
    [[True, True, False]]
    """
    if probabilities.ndim != 2:
        raise ShapeMismatch(f"expected probabilities of shape (n, labels), got {probabilities.shape}")
    if not np.isfinite(probabilities).all():
        raise NotFinite("expected finite probabilities, got NaN or infinity")
    if probabilities.size and (probabilities.min() < -ROUNDING or probabilities.max() > 1 + ROUNDING):
        raise OutOfRange(f"expected probabilities in [0, 1], got {probabilities.min()} to {probabilities.max()}")
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
    # 2 of 5 votes are 0.4 of them however the weights round
    shares = np.tensordot(weights / weights.sum(), votes, axes=1)
    return np.asarray(shares >= share - 1e-9)


@dataclass(frozen=True)
class Decision:
    """One way from probabilities to labels."""

    name: str
    serves: Callable[[str, Metric], bool]
    """Whether it makes labels that this task and metric can use."""
    fit: Callable[[Floats, Numbers, str, Metric, Mapping[str, Any]], Parameters]
    """(probabilities, truth, task, metric, options) -> parameters that JSON can carry."""
    apply: Callable[[Floats, Parameters], Numbers]
    """(probabilities, parameters) -> labels: bool of the same shape, or class indices (n,)."""
    learns: bool
    """Whether the parameters depend on the truth: then an honest score needs them fitted on other rows."""


def decision_for(name: str, task: str, metric: Metric, options: Mapping[str, Any]) -> Decision:
    """Return the decision of this name, "auto" being the metric's own; raise RecipeInvalid where it cannot serve the metric."""
    metric.settings(options)
    resolved = metric.default_decision.get(task, "none") if name == "auto" else name
    decision = DECISIONS.get(resolved)
    if decision is None or not decision.serves(task, metric):
        fitting = ["auto", *(known.name for known in DECISIONS.values() if known.serves(task, metric))]
        raise RecipeInvalid(f"expected a decision for {metric.name} on a {task} task among {', '.join(fitting)}, got {name!r}")
    return decision


def _judges_labels(*tasks: str) -> Callable[[str, Metric], bool]:
    return lambda task, metric: metric.needs == "labels" and task in tasks


def _fit_nothing(probabilities: Floats, truth: Numbers, task: str, metric: Metric, options: Mapping[str, Any]) -> Parameters:
    del probabilities, truth, task, metric, options
    return {}


def _fit_thresholds(probabilities: Floats, truth: Numbers, task: str, metric: Metric, options: Mapping[str, Any]) -> Parameters:
    del task
    return {"thresholds": fit_thresholds(probabilities, truth, metric, options).tolist()}


def _fit_expected_fbeta(probabilities: Floats, truth: Numbers, task: str, metric: Metric, options: Mapping[str, Any]) -> Parameters:
    del probabilities, truth, task
    settings = metric.settings(options)
    return {"beta": settings["beta"], "zero_division": settings["zero_division"]}


def _fit_cut_points(probabilities: Floats, truth: Numbers, task: str, metric: Metric, options: Mapping[str, Any]) -> Parameters:
    del task, metric, options
    cuts, lowest = fit_cut_points(probabilities, truth)
    return {"cuts": cuts.tolist(), "lowest": lowest}


DECISIONS: dict[str, Decision] = {
    decision.name: decision
    for decision in (
        Decision("argmax", _judges_labels(MULTICLASS), _fit_nothing, lambda p, _: argmax_labels(p), learns=False),
        Decision(
            "thresholds",
            _judges_labels(BINARY, MULTILABEL),
            _fit_thresholds,
            lambda p, parameters: threshold_labels(p, np.array(parameters["thresholds"])),
            learns=True,
        ),
        Decision(
            "expected_fbeta",
            lambda task, metric: task == MULTILABEL and metric.name == "f_beta_samples_score",
            _fit_expected_fbeta,
            lambda p, parameters: expected_fbeta_labels(p, **parameters),
            learns=False,
        ),
        Decision(
            "cut_points",
            lambda task, metric: task == REGRESSION and metric.needs == "labels",
            _fit_cut_points,
            lambda p, parameters: cut_values(p, np.array(parameters["cuts"]), parameters["lowest"]),
            learns=True,
        ),
        Decision("none", lambda _task, _metric: True, _fit_nothing, lambda p, _: p, learns=False),
    )
}
