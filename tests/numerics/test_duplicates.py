"""Predictions that came twice."""

from dataclasses import replace

import numpy as np
from stackyard.numerics.diagnostics import diagnose
from stackyard.numerics.duplicates import ROUNDING, find_duplicates

from tests.numerics.suspects import honest


def test_a_copy_and_one_that_was_rounded_are_found():
    models = honest("multilabel")
    copy, rounded = models.oof[0].copy(), models.oof[1].round(3)
    found = diagnose(replace(models, names=list("abcdef"), oof=[*models.oof, copy, rounded], test=(), fold_values=np.empty((0, 0))))

    assert [(finding.kind, finding.models) for finding in found] == [("duplicate", (0, 4)), ("duplicate", (1, 5))]
    assert [finding.numbers["exact"] for finding in found] == [True, False]
    assert 0 < found[1].numbers["largest_difference"] <= ROUNDING
    assert found[0].sentence == "a and e predict exactly the same: count them once."


def test_one_cell_that_differs_makes_two_models():
    one = np.random.default_rng(0).random((20_000, 3))
    other = one.copy()
    other[12_345, 1] += 0.01

    assert find_duplicates([one, other]) == []


def test_the_transform_that_did_nothing_is_found_in_every_model_and_no_other_pair_of_views(shared_data):
    file = np.load(shared_data / "planet-tta-probs" / "tta_probs.npz")
    views, models = list(file["views"]), list(file["models"])
    rows = list(file["probs"].reshape(36, 3000, 17))  # view by view
    names = [f"{model}/{view}" for view in views for model in models]
    groups = find_duplicates(rows)

    expected = {(f"{model}/default", f"{model}/rotate270") for model in models}
    assert {tuple(names[place] for place in group.members) for group in groups} == expected
    assert [group.largest_difference for group in groups] == [0.0] * 6
