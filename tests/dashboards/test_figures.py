"""Figures of folds, made of rows."""

from stackyard.dashboards.figures import class_by_fold


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
