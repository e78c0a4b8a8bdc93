"""The report of an insight in, plotly figures out: pure.

report: as ensembles.insight_queries.report_of gives it; each function names the parts that it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from stackyard.dashboards.figures import COLOURS, LAYOUT

Floats = npt.NDArray[np.float64]

MOST_NAMED = 60
"""Models that have their names beside a map; of more, the pointer tells."""
LONGEST_NAME = 26
"""Of a model beside a figure: longer ones would leave no room for it. The pointer tells the rest."""
MOST = 0.9995
"""Correlations above it are drawn as it."""


@dataclass(frozen=True)
class Measure:
    """One way to say how alike two models are."""

    words: str
    form: str
    """How a value is written, in d3's words."""
    spread: Callable[[Floats], Floats]
    """A value to its place among the colours: models of one team differ between 0.9 and 1, where plain numbers would all look the same."""
    scale: str
    """Bright is alike, whichever way the numbers run: it is seen on light and on dark pages."""
    same: float
    """Of a model and its copy."""
    ticks: tuple[float, ...]


def correlation_map(report: dict[str, Any], measure: str = "pearson") -> go.Figure:
    """Return how alike every two models are, as a heat map: models that are alike stand side by side, clusters are framed.

    report: {"models": [{"id", "name", "cluster"}], "correlation": {"order", "pearson", "spearman", "disagreement"}}.
    measure: a key of MEASURES whose matrix the report holds. The map's `customdata` are the values, its `z` places among the colours.
    """
    told, matrix, order = MEASURES[measure], report["correlation"][measure], report["correlation"]["order"]
    models = {model["id"]: model for model in report["models"]}
    place = {key: number for number, key in enumerate(models)}
    chosen = [place[key] for key in order]
    names = [models[key]["name"] for key in order]
    values = np.asarray(matrix, np.float64)[np.ix_(chosen, chosen)]
    places = told.spread(values)
    same = float(told.spread(np.array(told.same)))
    least, greatest = min(same, float(places.min())), max(same, float(places.max()))
    ticks = [(float(place), value) for place, value in zip(told.spread(np.array(told.ticks)), told.ticks, strict=True)]
    ticks = [(place, value) for place, value in ticks if least <= place <= greatest]
    heat = go.Heatmap(
        x=names,
        y=names,
        # Half the bytes, which plotly sends in base64: 500 models have 250,000 pairs.
        z=places.astype(np.float32),
        customdata=values.astype(np.float32),
        zmin=least,
        zmax=greatest,
        colorscale=told.scale,
        colorbar={
            "title": {"text": told.words, "side": "right"},
            "thickness": 12,
            "tickvals": [place for place, _ in ticks],
            "ticktext": [f"{value:g}" for _, value in ticks],
        },
        hovertemplate=f"%{{y}}<br>%{{x}}<br>{told.words} %{{customdata:{told.form}}}<extra></extra>",
    )
    return go.Figure(heat, {**_square(names), "shapes": _frames([models[key]["cluster"] for key in order])})


def _fisher(correlation: Floats) -> Floats:
    """Return Fisher's z of correlations, in which equal steps are equally surprising (Fisher 1915), up to that of 0.9995."""
    found: Floats = np.arctanh(np.clip(correlation, -MOST, MOST))
    return found


def _square(names: list[str]) -> dict[str, Any]:
    """Return the layout of a map with the same names on both sides."""
    named = len(names) <= MOST_NAMED
    side = {"type": "category", "automargin": True, "showticklabels": named, "ticks": "", "showgrid": False}
    if named:
        side |= {"tickmode": "array", "tickvals": names, "ticktext": [_short(name) for name in names]}
    height = 220 + (24 * len(names) if named else 800)
    return {**LAYOUT, "height": height, "xaxis": {**side, "tickangle": -45}, "yaxis": {**side, "autorange": "reversed"}}


def _frames(clusters: list[int]) -> list[dict[str, Any]]:
    """Return a frame for each cluster of several models; clusters: of each model, in the order in which they stand."""
    frames, start = [], 0
    for _, group in groupby(clusters):
        end = start + len(list(group))
        if end - start > 1:
            corners = {"x0": start - 0.5, "x1": end - 0.5, "y0": start - 0.5, "y1": end - 0.5}
            frames.append({"type": "rect", **corners, "line": {"color": COLOURS[2], "width": 2}})
        start = end
    return frames


def _short(name: str) -> str:
    """Return a name without its middle where it is long: beginnings tell the owner, ends the variant."""
    half = (LONGEST_NAME - 1) // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def contribution_bars(report: dict[str, Any]) -> go.Figure:
    """Return what each model gives to the blend, and what more of it would give: bars with two standard errors, the best first.

    report: {"models": [{"id", "name"}], "contributions": {"metric", "models": [...]}}.
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


def path_line(report: dict[str, Any]) -> go.Figure:
    """Return how the greedy search goes down: its loss after each pick, and the pick that it stops at.

    report: {"models": [{"id", "name"}], "contributions": {"searched_by", "steps", "path": {"picks", "values"}}}.
    """
    names = {model["id"]: model["name"] for model in report["models"]}
    found = report["contributions"]
    picks, values = found["path"]["picks"], found["path"]["values"]
    numbers, stop = list(range(1, len(picks) + 1)), found["steps"]
    line = go.Scatter(
        x=numbers,
        y=values,
        mode="lines+markers",
        line={"color": COLOURS[0], "shape": "hv"},
        customdata=[names[key] for key in picks],
        hovertemplate="pick %{x}: %{customdata}<br>%{y:.5f}<extra></extra>",
    )
    at_stop = {"x0": stop, "x1": stop, "y0": 0, "y1": 1, "yref": "paper", "type": "line", "line": {"color": COLOURS[2], "dash": "dot"}}
    words = {"x": stop, "y": 1, "yref": "paper", "text": "weights are taken here", "showarrow": False, "xanchor": "right", "yanchor": "top"}
    axes = {
        "xaxis": {"title": {"text": "pick"}, "range": [0.5, len(picks) + 0.5]},
        "yaxis": {"title": {"text": found["searched_by"]}, "automargin": True},
    }
    return go.Figure(line, {**LAYOUT, "height": 300, "showlegend": False, **axes, "shapes": [at_stop], "annotations": [words]})


R_TICKS = (-0.9, -0.5, 0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
SHARE_TICKS = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)

MEASURES = {
    "pearson": Measure("correlation of logits", ".4f", _fisher, "Viridis", 1.0, R_TICKS),
    "spearman": Measure("correlation of ranks", ".4f", _fisher, "Viridis", 1.0, R_TICKS),
    "disagreement": Measure("share of labels that differ", ".2%", np.sqrt, "Viridis_r", 0.0, SHARE_TICKS),
}
"""Name -> what it says; the names are those of the report's matrices."""
