"""Figures, made of rows."""

from stackyard.dashboards.figures import MOST_NAMED, class_by_fold, contribution_bars, correlation_map


def report(classes, folds):
    counts = [[10 + row + fold for fold in range(folds)] for row in range(classes)]
    return {"classes": [f"class {row}" for row in range(classes)], "count": folds, "counts": counts}


def test_few_classes_are_bars_by_fold():
    figure = class_by_fold(report(classes=3, folds=5))

    assert [bar.type for bar in figure.data] == ["bar"] * 5
    assert list(figure.data[4].y) == [14, 15, 16]


def test_many_classes_are_a_map_of_what_each_fold_is_off():
    figure = class_by_fold(report(classes=121, folds=10))

    assert figure.data[0].type == "heatmap"
    assert list(figure.data[0].z[0])[:2] == [-4.5, -3.5]


def test_classes_of_like_size_are_drawn_from_nought():
    assert class_by_fold(report(classes=3, folds=5)).layout.yaxis.rangemode == "tozero"


def test_rare_classes_are_seen_beside_common_ones():
    uneven = {"classes": ["rare", "common"], "count": 2, "counts": [[1, 2], [900, 901]]}
    axis = class_by_fold(uneven).layout.yaxis

    assert (axis.type, axis.range[0]) == ("log", 0)


def insight(models):
    """Return a report of so many models, each like its neighbours, and the first the best."""
    keys = [10 + place for place in range(models)]
    likeness = [[1 - abs(a - b) / models for b in keys] for a in keys]
    gains = [{"drop_gain": 0.1 / key, "drop_noise": 0.01, "add_gain": None, "add_noise": None} for key in keys]
    return {
        "models": [{"id": key, "name": f"model-{key}"} for key in keys],
        "correlation": {"order": keys[::-1], "pearson": likeness, "spearman": likeness, "disagreement": likeness},
        "contributions": {
            "metric": "rmse_loss",
            "models": [{"id": key, "reason": {"sentence": f"why {key}"}, **row} for key, row in zip(keys, gains, strict=True)],
        },
    }


def test_models_that_are_alike_stand_side_by_side():
    figure = correlation_map(insight(models=3))
    heat = figure.data[0]

    assert list(heat.x) == list(heat.y) == ["model-12", "model-11", "model-10"]
    assert list(heat.z[0]) == [1, 1 - 1 / 3, 1 - 2 / 3]
    assert (heat.zmin, heat.zmax) == (1 - 2 / 3, 1)
    assert "labels differ" in heat.customdata[0][1]
    assert figure.layout.xaxis.showticklabels


def test_a_map_of_very_many_models_has_no_names_beside_it():
    assert not correlation_map(insight(models=MOST_NAMED + 1)).layout.xaxis.showticklabels


def test_the_model_that_gives_most_stands_on_top_with_its_reason():
    figure = contribution_bars(insight(models=3))

    assert list(figure.data[0].y) == ["model-12", "model-11", "model-10"]
    assert list(figure.data[0].customdata) == ["why 12", "why 11", "why 10"]
    assert list(figure.data[1].x) == [None] * 3
    assert list(figure.data[0].error_x.array) == [0.02] * 3
