"""How all folds learnt, as one HTML file: loss, metric and rate by epoch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.checkpoints import write_file
from pipelines.packages import load
from pipelines.standing import Entry

NAME = "curves.html"
ROWS = (("train_loss", "loss while learning"), ("value", "metric on rows held out"), ("rate", "learning rate"))
COLOURS = ("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0")


def read_history(path: Path) -> list[Entry]:
    """Return the lines of a training's metrics.jsonl; none where it is not there."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write_curves(out: Path, histories: Mapping[str, Iterable[Entry]]) -> Path:
    """Write OUT/curves.html; histories: a training's name -> its entries. Raises PackageMissing without plotly."""
    figure = make_figure(histories)
    page: str = figure.to_html(full_html=True, include_plotlyjs=True)
    write_file(out / NAME, page.encode())
    return out / NAME


def make_figure(histories: Mapping[str, Iterable[Entry]]) -> Any:
    """Return a figure of three rows above each other, a line for each training; epochs go on through the phases."""
    graphs = load("plotly.graph_objects", "draw curves", "plotly")
    figure = load("plotly.subplots", "draw curves", "plotly").make_subplots(
        rows=len(ROWS), cols=1, shared_xaxes=True, subplot_titles=[title for _, title in ROWS], vertical_spacing=0.07
    )
    for place, (name, entries) in enumerate(histories.items()):
        known = list(entries)
        epochs = _epochs(known)
        for row, (key, _) in enumerate(ROWS, 1):
            points = [(epoch, entry[key]) for epoch, entry in zip(epochs, known, strict=True) if key in entry]
            line = graphs.Scatter(
                x=[x for x, _ in points],
                y=[y for _, y in points],
                name=name,
                legendgroup=name,
                showlegend=row == 1,
                mode="lines+markers",
                line={"color": COLOURS[place % len(COLOURS)]},
            )
            figure.add_trace(line, row=row, col=1)
    figure.update_xaxes(title_text="epoch", row=len(ROWS), col=1)
    figure.update_yaxes(type="log", row=len(ROWS), col=1)
    return figure.update_layout(height=900, hovermode="x unified", template="plotly_white", margin={"t": 40})


def _epochs(entries: list[Entry]) -> list[float]:
    """Return the epoch of each entry counted from the first phase's start.

    >>> _epochs([{"phase": 0, "epoch": 1.0}, {"phase": 0, "epoch": 2.0}, {"phase": 1, "epoch": 1.0}])
    [1.0, 2.0, 3.0]
    """
    epochs, before, last = list[float](), 0.0, (0, 0.0)
    for entry in entries:
        if entry["phase"] != last[0]:
            before += last[1]
        last = entry["phase"], entry["epoch"]
        epochs.append(before + entry["epoch"])
    return epochs
