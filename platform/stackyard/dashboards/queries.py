"""Rows for the dashboards' figures."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from stackyard.competitions.models import Competition
from stackyard.competitions.queries import fold_report_of
from stackyard.dashboards.figures import class_by_fold, contribution_bars, correlation_map
from stackyard.ensembles.insight_queries import report_of
from stackyard.errors import WrongState


def fold_figure(competition: Competition) -> dict[str, Any]:
    """Return the class-by-fold histogram as plotly's own JSON."""
    return _as_json(class_by_fold(fold_report_of(competition)))


def correlation_figure(competition: Competition) -> dict[str, Any]:
    """Return the heat map of how alike models are; raise WrongState before there is an insight."""
    return _as_json(correlation_map(report_of(competition)))


def contributions_figure(competition: Competition) -> dict[str, Any]:
    """Return the bars of what each model gives to the blend; raise WrongState before there is an insight, or where it has none."""
    report = report_of(competition)
    if report["contributions"] is None:
        raise WrongState(f"expected contributions to a blend; {'; '.join(report['notes'])}")
    return _as_json(contribution_bars(report))


def _as_json(figure: go.Figure) -> dict[str, Any]:
    document: dict[str, Any] = figure.to_plotly_json()
    # The template repeats plotly's defaults, at twenty times the size of the figure.
    document["layout"].pop("template", None)
    return document
