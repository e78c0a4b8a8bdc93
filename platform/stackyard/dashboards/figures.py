"""Rows in, plotly figures out: pure."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

MOST_BARS = 400
MOST_TIMES = 20
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0")
LAYOUT = {
    "margin": {"l": 56, "r": 12, "t": 8, "b": 8},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "legend": {"title": {"text": "fold"}, "orientation": "h", "y": 1.02, "yanchor": "bottom"},
    "xaxis": {"automargin": True, "tickangle": -35},
}


def class_by_fold(report: dict[str, Any]) -> go.Figure:
    """Return how many rows of each class every fold holds: bars, or a heat map where the bars would be too many to see.

    report: {"classes": [...], "counts": [[class][fold]], ...} as competitions.queries.fold_report_of gives it.
    """
    classes, counts = report["classes"], report["counts"]
    if len(classes) * report["count"] > MOST_BARS:
        return _deviations(classes, counts)
    bars = [
        go.Bar(
            name=str(fold),
            x=classes,
            y=[row[fold] for row in counts],
            marker_color=COLOURS[fold % len(COLOURS)],
            hovertemplate=f"%{{x}}: %{{y}} rows in fold {fold}<extra></extra>",
        )
        for fold in range(report["count"])
    ]
    return go.Figure(bars, {**LAYOUT, "barmode": "group", "bargap": 0.25, "yaxis": {"title": {"text": "rows"}, **_axis(counts)}})


def _axis(counts: list[list[int]]) -> dict[str, Any]:
    """Return an axis from nought, or from one by powers of ten where the rare classes, which matter most, could not be seen otherwise."""
    flat = [count for row in counts for count in row]
    if max(flat) <= MOST_TIMES * max(1, min(flat)):
        return {"rangemode": "tozero"}
    return {"type": "log", "range": [0, math.log10(max(flat)) + 0.1]}


def _deviations(classes: list[str], counts: list[list[int]]) -> go.Figure:
    ideals = [sum(row) / len(row) for row in counts]
    off = [[count - ideal for count in row] for row, ideal in zip(counts, ideals, strict=True)]
    heat = go.Heatmap(
        x=[str(fold) for fold in range(len(counts[0]))],
        y=classes,
        z=off,
        customdata=counts,
        zmid=0,
        colorscale="RdBu",
        colorbar={"title": {"text": "rows off"}},
        hovertemplate="%{y}: %{customdata} rows in fold %{x} (%{z:+.1f})<extra></extra>",
    )
    height = 120 + 14 * len(classes)
    return go.Figure(heat, {**LAYOUT, "height": height, "xaxis": {"title": {"text": "fold"}, "side": "top"}, "yaxis": {"automargin": True}})
