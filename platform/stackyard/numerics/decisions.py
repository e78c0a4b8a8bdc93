"""From probabilities to labels. Every decision has one form: fit -> parameters (plain JSON), apply -> labels.

A decision is asked for by its name, or by a table {"name", "calibration", "label_groups"}. What is fitted (thresholds, calibration, which
of two ways is better) is fitted on one set of rows; to judge it honestly is for the caller, who fits on other rows than are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from stackyard.errors import RecipeInvalid
from stackyard.numerics.arrays import Bools, Floats, Numbers
from stackyard.numerics.calibration import CALIBRATORS, calibrator_for
from stackyard.numerics.choosing import Labeller, is_decided, score_halves
from stackyard.numerics.cut_points import cut_values, fit_cut_points
from stackyard.numerics.label_groups import groups_from_json
from stackyard.numerics.labelling import argmax_labels, expected_fbeta_labels, vote_labels
from stackyard.numerics.metrics import BINARY, MULTICLASS, MULTILABEL, REGRESSION, Metric
from stackyard.numerics.thresholds import fit_thresholds, threshold_labels

__all__ = [
    "DECISIONS",
    "SETTINGS",
    "Decision",
    "Known",
    "apply_decision",
    "argmax_labels",
    "decision_for",
    "expected_fbeta_labels",
    "fit_thresholds",
    "threshold_labels",
    "vote_labels",
]

SETTINGS = ("calibration", "label_groups")
"""What a table may say of a decision beside its name."""

Parameters = dict[str, Any]


class Known(NamedTuple):
    """Rows whose truth is known, and what their labels are judged by."""

    probabilities: Floats
    truth: Numbers
    task: str
    metric: Metric
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """One way from probabilities to labels."""

    name: str
    serves: Callable[[str, Metric], bool]
    """Whether it makes labels that this task and metric can use."""
    find: Callable[[Known, Mapping[str, Any]], Parameters]
    """(rows, settings) -> parameters that JSON can carry."""
    label: Callable[[Floats, Parameters], Numbers]
    """(probabilities, parameters) -> labels: bool of the same shape, or class indices (n,)."""
    is_fitted: bool
    """Whether the parameters depend on the truth, even where nothing is calibrated."""
    takes: frozenset[str] = frozenset()
    """Which of SETTINGS it has a use for."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those that it was asked for with, as decision_for takes them."""

    @property
    def learns(self) -> bool:
        """Whether the parameters depend on the truth: then an honest score needs them fitted on other rows."""
        return self.is_fitted or "calibration" in self.settings

    def fit(self, probabilities: Floats, truth: Numbers, task: str, metric: Metric, options: Mapping[str, Any]) -> Parameters:
        """Return parameters that JSON can carry: of the calibration where one was asked for, and of the decision after it."""
        if "calibration" not in self.settings:
            return self.find(Known(probabilities, truth, task, metric, options), self.settings)
        calibrator = calibrator_for(self.settings["calibration"], task)
        found = {"name": calibrator.name, **calibrator.fit(probabilities, truth)}
        known = Known(_calibrated(probabilities, found), truth, task, metric, options)
        return {**self.find(known, self.settings), "calibration": found}

    def apply(self, probabilities: Floats, parameters: Parameters) -> Numbers:
        """Return labels (n,) or (n, L) by the parameters that fit found."""
        calibration = parameters.get("calibration")
        return self.label(_calibrated(probabilities, calibration) if calibration else probabilities, parameters)


def _calibrated(probabilities: Floats, found: Parameters) -> Floats:
    return np.asarray(CALIBRATORS[found["name"]].apply(probabilities, found), probabilities.dtype)


def decision_for(asked: str | Mapping[str, Any], task: str, metric: Metric, options: Mapping[str, Any]) -> Decision:
    """Return the decision that a name or a table asks for, "auto" being the metric's own.

    asked: a name in DECISIONS or "auto"; or {"name" ("auto" where it is left out), "calibration": a name in CALIBRATORS,
    "label_groups": as LabelGroup.as_json writes them}. Settings of None, and no groups, are as good as none.
    Raises RecipeInvalid for what is unknown, cannot serve the metric, or has no use for a setting.
    """
    metric.settings(options)
    table = {"name": asked} if isinstance(asked, str) else dict(asked)
    name = table.pop("name", "auto")
    settings = {key: value for key, value in table.items() if value}
    resolved = metric.default_decision.get(task, "none") if name == "auto" else name
    decision = DECISIONS.get(resolved) if isinstance(resolved, str) else None
    if decision is None or not decision.serves(task, metric):
        fitting = ["auto", *(known.name for known in DECISIONS.values() if known.serves(task, metric))]
        raise RecipeInvalid(f"expected a decision for {metric.name} on a {task} task among {', '.join(fitting)}, got {name!r}")
    unfit = [key for key in settings if key not in decision.takes]
    if unfit:
        known = ", ".join(sorted(decision.takes)) or "none"
        raise RecipeInvalid(f"expected settings of the decision {resolved} among {known}; got {unfit[0]!r}")
    if "calibration" in settings:
        calibrator_for(settings["calibration"], task)
    return replace(decision, settings=settings) if settings else decision


def apply_decision(name: str, parameters: Parameters, probabilities: Floats) -> Numbers:
    """Return labels by a decision and the parameters that its fit found; (n, 1) stays (n, 1).

    >>> apply_decision("thresholds", {"thresholds": [0.3]}, np.array([0.2, 0.4])).tolist()
    [False, True]
    """
    return DECISIONS[name].apply(probabilities, parameters)


def _judges_labels(*tasks: str) -> Callable[[str, Metric], bool]:
    return lambda task, metric: metric.needs == "labels" and task in tasks


def _judges_label_sets(task: str, metric: Metric) -> bool:
    return task == MULTILABEL and metric.name == "f_beta_samples_score"


def _find_nothing(known: Known, settings: Mapping[str, Any]) -> Parameters:
    del known, settings
    return {}


def _find_thresholds(known: Known, settings: Mapping[str, Any]) -> Parameters:
    del settings
    return {"thresholds": fit_thresholds(known.probabilities, known.truth, known.metric, known.options).tolist()}


def _find_beta(known: Known, settings: Mapping[str, Any]) -> Parameters:
    options = known.metric.settings(known.options)
    groups = {"label_groups": list(settings["label_groups"])} if "label_groups" in settings else {}
    return {"beta": options["beta"], "zero_division": options["zero_division"], **groups}


def _label_by_expectation(probabilities: Floats, parameters: Parameters) -> Numbers:
    groups = groups_from_json(parameters.get("label_groups", ()))
    return expected_fbeta_labels(probabilities, parameters["beta"], parameters["zero_division"], groups)


def _find_better(known: Known, settings: Mapping[str, Any]) -> Parameters:
    """Choose between thresholds and calibrated expected F-beta by halves of the rows; what is decided already stays as it is."""
    tables = ({"name": "thresholds"}, {"name": "expected_fbeta", "calibration": "platt", **settings})
    ways = {table["name"]: decision_for(table, known.task, known.metric, known.options) for table in tables}
    tried: dict[str, float] = {}
    if len(known.probabilities) > 1 and not is_decided(known.probabilities):
        labellers = {name: _labeller(way, known) for name, way in ways.items()}
        tried = score_halves(labellers, known.probabilities, known.truth, known.metric, known.options)
    # of equally good ones the first
    name = max(ways, key=lambda name: tried.get(name, 0.0))
    return {"decision": name, "parameters": ways[name].fit(*known), "tried": tried}


def _labeller(way: Decision, known: Known) -> Labeller:
    def labels(taught: Bools, asked: Bools) -> Numbers:
        parameters = way.fit(known.probabilities[taught], known.truth[taught], known.task, known.metric, known.options)
        return way.apply(known.probabilities[asked], parameters)

    return labels


def _find_cut_points(known: Known, settings: Mapping[str, Any]) -> Parameters:
    del settings
    cuts, lowest = fit_cut_points(known.probabilities, known.truth)
    return {"cuts": cuts.tolist(), "lowest": lowest}


_CALIBRATED = frozenset({"calibration"})

DECISIONS: dict[str, Decision] = {
    decision.name: decision
    for decision in (
        Decision("argmax", _judges_labels(MULTICLASS), _find_nothing, lambda p, _: argmax_labels(p), is_fitted=False, takes=_CALIBRATED),
        Decision(
            "thresholds",
            _judges_labels(BINARY, MULTILABEL),
            _find_thresholds,
            lambda p, parameters: threshold_labels(p, np.array(parameters["thresholds"])),
            is_fitted=True,
        ),
        Decision("expected_fbeta", _judges_label_sets, _find_beta, _label_by_expectation, is_fitted=False, takes=frozenset(SETTINGS)),
        Decision(
            "chosen",
            _judges_label_sets,
            _find_better,
            lambda p, parameters: apply_decision(parameters["decision"], parameters["parameters"], p),
            is_fitted=True,
            takes=frozenset({"label_groups"}),
        ),
        Decision(
            "cut_points",
            lambda task, metric: task == REGRESSION and metric.needs == "labels",
            _find_cut_points,
            lambda p, parameters: cut_values(p, np.array(parameters["cuts"]), parameters["lowest"]),
            is_fitted=True,
        ),
        Decision("none", lambda _task, _metric: True, _find_nothing, lambda p, _: p, is_fitted=False, takes=_CALIBRATED),
    )
}
