"""Rows for the dashboards' figures."""

from __future__ import annotations

from typing import Any

from stackyard.competitions.models import Competition
from stackyard.competitions.queries import fold_report_of
from stackyard.dashboards.figures import class_by_fold


def fold_figure(competition: Competition) -> dict[str, Any]:
    """Return the class-by-fold histogram as plotly's own JSON."""
    figure: dict[str, Any] = class_by_fold(fold_report_of(competition)).to_plotly_json()
    # The template repeats plotly's defaults, at twenty times the size of the figure.
    figure["layout"].pop("template", None)
    return figure
