"""Figures of an insight, made of its report."""

import numpy as np
import pytest
from stackyard.dashboards.insight_figures import MEASURES, MOST_NAMED, contribution_bars, correlation_map, path_line


def insight(models):
    """Return a report of so many models, each like its neighbours, the first the best, and the last two of one cluster."""
    keys = [10 + place for place in range(models)]
    likeness = [[1 - abs(a - b) / models for b in keys] for a in keys]
    differing = [[abs(a - b) / models for b in keys] for a in keys]
    gains = [{"drop_gain": 0.1 / key, "drop_noise": 0.01, "add_gain": None, "add_noise": None} for key in keys]
    return {
        "models": [{"id": key, "name": f"model-{key}", "cluster": 0 if key in keys[-2:] else key} for key in keys],
        "correlation": {"order": keys[::-1], "pearson": likeness, "spearman": likeness, "disagreement": differing},
        "contributions": {
            "metric": "rmse_loss",
            "searched_by": "rmse_loss",
            "steps": 2,
            "path": {"picks": [11, 10, 11], "values": [3.0, 2.0, 2.5]},
            "models": [{"id": key, "reason": {"sentence": f"why {key}"}, **row} for key, row in zip(keys, gains, strict=True)],
        },
    }


def test_models_that_are_alike_stand_side_by_side():
    figure = correlation_map(insight(models=3))
    heat = figure.data[0]

    assert list(heat.x) == list(heat.y) == ["model-12", "model-11", "model-10"]
    assert list(heat.customdata[0]) == pytest.approx([1, 1 - 1 / 3, 1 - 2 / 3])
    assert list(heat.z[0]) == sorted(heat.z[0], reverse=True)
    assert figure.layout.xaxis.showticklabels


@pytest.mark.parametrize("measure", MEASURES)
def test_bright_is_alike_by_every_measure(measure):
    heat = correlation_map(insight(models=4), measure).data[0]
    bright_is_high = heat.colorscale[-1][1] == "#fde725"

    assert heat.z[0][0] == pytest.approx(heat.zmax if bright_is_high else heat.zmin, abs=1e-3)
    assert heat.customdata[0][0] == MEASURES[measure].same
    assert MEASURES[measure].words in heat.hovertemplate


def test_models_of_one_cluster_are_framed():
    (frame,) = correlation_map(insight(models=4)).layout.shapes

    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (-0.5, 1.5, -0.5, 1.5)


def test_a_model_like_no_other_does_not_make_all_others_look_the_same():
    report = insight(models=20)
    alike = [[1.0 if a == b else (0.97, 0.995)[(a + b) % 2] for b in range(20)] for a in range(20)]
    for place in range(19):
        alike[19][place] = alike[place][19] = 0.02
    report["correlation"]["pearson"] = alike
    heat = correlation_map(report).data[0]
    weak, strong, outside = (heat.z[np.isclose(heat.customdata, value)].max() for value in (0.97, 0.995, 0.02))

    assert (strong - weak) / (heat.zmax - heat.zmin) > 0.2
    assert heat.zmin == pytest.approx(outside)


def test_one_model_alone_is_drawn_too():
    heat = correlation_map(insight(models=1)).data[0]

    assert (list(heat.x), heat.customdata[0][0]) == (["model-10"], 1)


def test_long_names_lose_their_middle_beside_the_map_only():
    report = insight(models=2)
    report["models"][0]["name"] = "somebody/a-network-of-very-many-layers:tta"
    figure = correlation_map(report)

    assert figure.layout.xaxis.ticktext[1] == "somebody/a-n…y-layers:tta"
    assert figure.data[0].x[1] == "somebody/a-network-of-very-many-layers:tta"


def test_a_map_of_very_many_models_has_no_names_beside_it():
    assert not correlation_map(insight(models=MOST_NAMED + 1)).layout.xaxis.showticklabels


def test_the_model_that_gives_most_stands_on_top_with_its_reason():
    figure = contribution_bars(insight(models=3))

    assert list(figure.data[0].y) == ["model-12", "model-11", "model-10"]
    assert list(figure.data[0].customdata) == ["why 12", "why 11", "why 10"]
    assert list(figure.data[1].x) == [None] * 3
    assert list(figure.data[0].error_x.array) == [0.02] * 3


def test_the_path_names_each_pick_and_where_it_stops():
    figure = path_line(insight(models=3))
    (line,) = figure.data

    assert (list(line.x), list(line.y)) == ([1, 2, 3], [3.0, 2.0, 2.5])
    assert list(line.customdata) == ["model-11", "model-10", "model-11"]
    assert figure.layout.shapes[0].x0 == 2
