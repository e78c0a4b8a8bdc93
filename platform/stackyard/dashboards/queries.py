"""Rows for the dashboards' figures."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from stackyard.competitions.models import Competition
from stackyard.competitions.queries import fold_report_of
from stackyard.dashboards.figures import class_by_fold
from stackyard.dashboards.insight_figures import MEASURES, contribution_bars, correlation_map, path_line
from stackyard.ensembles.insight_queries import report_of
from stackyard.errors import WrongState


def fold_figure(competition: Competition) -> dict[str, Any]:
    """Return the class-by-fold histogram as plotly's own JSON."""
    return _as_json(class_by_fold(fold_report_of(competition)))


def correlation_figure(competition: Competition, measure: str) -> dict[str, Any]:
    """Return the heat map of how alike models are; raise WrongState before there is an insight, or where it has no such measure."""
    report = report_of(competition)
    if report["correlation"][measure] is None:
        held = [name for name in MEASURES if report["correlation"][name] is not None]
        raise WrongState(f"expected a measure among {', '.join(held)}: a {competition.task} decides no labels; got {measure}")
    return _as_json(correlation_map(report, measure))


def contributions_figure(competition: Competition) -> dict[str, Any]:
    """Return the bars of what each model gives to the blend; raise WrongState before there is an insight, or where it has none."""
    return _as_json(contribution_bars(_with_contributions(competition)))


def path_figure(competition: Competition) -> dict[str, Any]:
    """Return the line of the greedy search; raise WrongState as above."""
    return _as_json(path_line(_with_contributions(competition)))


def _with_contributions(competition: Competition) -> dict[str, Any]:
    report = report_of(competition)
    if report["contributions"] is None:
        raise WrongState(f"expected contributions to a blend; {'; '.join(report['notes'])}")
    return report


def _as_json(figure: go.Figure) -> dict[str, Any]:
    document: dict[str, Any] = figure.to_plotly_json()
    # The template repeats plotly's defaults, at twenty times the size of the figure.
    document["layout"].pop("template", None)
    return document
