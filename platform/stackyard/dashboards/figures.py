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


MOST_NAMED = 60
"""Models that have their names beside a map; of more, the pointer tells."""


def correlation_map(report: dict[str, Any]) -> go.Figure:
    """Return how alike every two models are, as a heat map in which models that are alike stand side by side.

    report: {"models": [{"id", "name"}], "correlation": {"order", "pearson", "spearman", "disagreement"}}, as
    ensembles.insight_queries.report_of gives it.
    """
    found = report["correlation"]
    names = {model["id"]: model["name"] for model in report["models"]}
    place = {model["id"]: number for number, model in enumerate(report["models"])}
    chosen = [place[key] for key in found["order"]]
    labels = [names[key] for key in found["order"]]
    values = _reordered(found["pearson"], chosen)
    hints = [[f"rank correlation {value:.3f}" for value in row] for row in _reordered(found["spearman"], chosen)]
    if found["disagreement"] is not None:
        differing = _reordered(found["disagreement"], chosen)
        hints = [[f"{a}<br>{b:.2%} of labels differ" for a, b in zip(*rows, strict=True)] for rows in zip(hints, differing, strict=True)]
    heat = go.Heatmap(
        x=labels,
        y=labels,
        z=values,
        customdata=hints,
        # The interesting differences are those between 0.9 and 1: colours span what there is.
        zmin=min(min(row) for row in values),
        zmax=1.0,
        colorscale="Blues",
        colorbar={"title": {"text": "correlation"}},
        hovertemplate="%{y}<br>%{x}<br>correlation of logits %{z:.4f}<br>%{customdata}<extra></extra>",
    )
    named = len(labels) <= MOST_NAMED
    side = {"automargin": True, "showticklabels": named, "tickangle": -35}
    height = 160 + (22 * len(labels) if named else 900)
    return go.Figure(heat, {**LAYOUT, "height": height, "xaxis": side, "yaxis": {**side, "tickangle": 0, "autorange": "reversed"}})


def _reordered(matrix: list[list[float]], chosen: list[int]) -> list[list[float]]:
    return [[matrix[row][column] for column in chosen] for row in chosen]


def contribution_bars(report: dict[str, Any]) -> go.Figure:
    """Return what each model gives to the blend, and what more of it would give: bars with two standard errors, the best first.

    report: {"models": [{"id", "name"}], "contributions": {"metric", "models": [...]}}, as ensembles.insight_queries.report_of gives it.
    """
    names = {model["id"]: model["name"] for model in report["models"]}
    rows = sorted(report["contributions"]["models"], key=lambda row: (row["drop_gain"] or 0.0, row["add_gain"] or 0.0))
    sentences = [row["reason"]["sentence"] for row in rows]
    labels = [names[row["id"]] for row in rows]
    bars = [
        go.Bar(
            name=words,
            orientation="h",
            y=labels,
            x=[row[f"{kind}_gain"] for row in rows],
            error_x={"type": "data", "array": [2.0 * (row[f"{kind}_noise"] or 0.0) for row in rows], "thickness": 1},
            customdata=sentences,
            marker_color=colour,
            hovertemplate="%{customdata}<extra></extra>",
        )
        for kind, words, colour in (("drop", "lost without it", COLOURS[0]), ("add", "gained with more of it", COLOURS[4]))
    ]
    title = f"improvement in {report['contributions']['metric']}"
    layout = {**LAYOUT, "barmode": "group", "bargap": 0.3, "height": 140 + 34 * len(rows)}
    layout["legend"] = {**LAYOUT["legend"], "title": {"text": ""}}
    return go.Figure(bars, {**layout, "xaxis": {"title": {"text": title}, "automargin": True}, "yaxis": {"automargin": True}})
