"""Decisions: the exact best set, thresholds, votes and cut points."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stackyard.errors import NotFinite, OutOfRange, RecipeInvalid, ShapeMismatch
from stackyard.numerics.choosing import half_of
from stackyard.numerics.cut_points import cut_values, fit_cut_points
from stackyard.numerics.decisions import (
    DECISIONS,
    Known,
    argmax_labels,
    decision_for,
    expected_fbeta_labels,
    fit_thresholds,
    threshold_labels,
    vote_labels,
)
from stackyard.numerics.metrics import METRICS, TASKS

WEATHER = {"kind": "exactly_one", "labels": [0, 1, 2]}
F_BETA, F1, ACCURACY, KAPPA = (
    METRICS[name] for name in ("f_beta_samples_score", "f1_score", "accuracy_score", "quadratic_weighted_kappa_score")
)


def expectations(probabilities, beta, zero_division):
    """The expected F-beta of every one of the 2^L label sets over all 2^L truths: (rows, sets), and the sets as bool (sets, L)."""
    labels = probabilities.shape[1]
    sets = np.array(list(product([False, True], repeat=labels)))
    numbers = sets.astype(float)
    possible = beta**2 * numbers.sum(1)[None, :] + numbers.sum(1)[:, None]
    scores = np.divide((1 + beta**2) * (numbers @ numbers.T), possible, out=np.full_like(possible, zero_division), where=possible > 0)
    chances = np.where(sets[None], probabilities[:, None, :], 1 - probabilities[:, None, :]).prod(axis=2)
    return chances @ scores.T, sets


def rows_of_all_kinds(random, labels, rows=100):
    cells = random.random((rows, labels)) ** random.choice([0.5, 1, 3, 8], (rows, 1))
    cells[rows // 4 : rows // 2] = cells[rows // 4 : rows // 2].round(1)  # ties, exact 0 and 1
    cells[rows // 2] = cells[rows // 2, 0]
    cells[:4] = np.array([0.0, 1.0, 0.5, 1e-9])[:, None]
    return cells


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("zero_division", [0.0, 1.0])
def test_the_best_set_equals_brute_force_over_all_sets_on_a_thousand_rows(beta, zero_division):
    random = np.random.default_rng(int(10 * beta))
    for labels in range(1, 11):
        cells = rows_of_all_kinds(random, labels)
        chosen = expected_fbeta_labels(cells, beta, zero_division)
        values, sets = expectations(cells, beta, zero_division)
        ranks = (chosen * 2 ** np.arange(labels)[::-1]).sum(axis=1)
        reached = values[np.arange(len(cells)), ranks]
        np.testing.assert_allclose(reached, values.max(axis=1), rtol=0, atol=1e-14)
        clear = np.sort(values, axis=1)[:, -2] < values.max(axis=1) - 1e-12
        assert clear.sum() > 50
        np.testing.assert_array_equal(chosen[clear], sets[values.argmax(axis=1)][clear])


def test_rows_beyond_a_block_are_decided_like_the_first():
    row = np.array([[0.9, 0.3, 0.05, 0.6]])
    many = expected_fbeta_labels(np.repeat(row, 131, axis=0))
    assert (many == expected_fbeta_labels(row)).all()


def test_threads_side_by_side_decide_as_one_alone():
    cells = np.random.default_rng(1).random((500, 9))
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(expected_fbeta_labels, np.array_split(cells, 4)))
    np.testing.assert_array_equal(np.concatenate(parts), expected_fbeta_labels(cells))


def test_the_empty_set_is_taken_where_most_likely_nothing_is_true():
    rare = np.array([[0.05, 0.05]])
    assert not expected_fbeta_labels(rare).any()
    assert expected_fbeta_labels(rare, zero_division=0.0).sum() == 2


def test_certain_labels_are_taken_as_they_are():
    flags = np.random.default_rng(0).random((200, 17)) < 0.2
    np.testing.assert_array_equal(expected_fbeta_labels(flags.astype(np.float32)), flags)


@given(hnp.arrays(np.float64, (5, 6), elements=st.floats(0, 1)), st.permutations(range(6)))
@settings(deadline=None)
def test_the_order_of_labels_does_not_matter_without_ties(cells, order):
    values, _ = expectations(cells, 2.0, 1.0)
    near = np.sort(values, axis=1)
    clear = near[:, -2] < near[:, -1] - 1e-12
    chosen, permuted = expected_fbeta_labels(cells), expected_fbeta_labels(cells[:, order])
    np.testing.assert_array_equal(chosen[clear][:, order], permuted[clear])


def test_expected_fbeta_refuses_what_is_no_probability():
    with pytest.raises(NotFinite):
        expected_fbeta_labels(np.array([[np.nan]]))
    with pytest.raises(OutOfRange, match=r"-0\.5 to 1\.5"):
        expected_fbeta_labels(np.array([[-0.5, 1.5]]))
    with pytest.raises(ShapeMismatch):
        expected_fbeta_labels(np.array([0.5]))


def test_no_rows_are_decided_as_no_labels():
    assert expected_fbeta_labels(np.zeros((0, 3))).shape == (0, 3)


def uncalibrated(seed, rows=600, labels=4):
    """Probabilities far too low for labels of unlike frequency."""
    random = np.random.default_rng(seed)
    truth = random.random((rows, labels)) < np.linspace(0.1, 0.5, labels)
    scores = 1 / (1 + np.exp(-(2.5 * truth + random.normal(size=truth.shape) - 3.5)))
    return scores, truth


@pytest.mark.parametrize("metric", [F_BETA, F1, ACCURACY], ids=lambda metric: metric.name)
def test_no_single_threshold_can_be_moved_for_the_better(metric):
    cells, truth = uncalibrated(1)
    thresholds = fit_thresholds(cells, truth, metric, {})
    reached = metric(truth, threshold_labels(cells, thresholds))
    assert reached > metric(truth, cells) + 0.05
    for label in range(4):
        for level in np.linspace(0.001, 0.999, 200):
            trial = thresholds.copy()
            trial[label] = level
            assert metric(truth, threshold_labels(cells, trial)) <= reached + 1e-9


def test_one_label_gets_the_very_best_threshold():
    cells, truth = uncalibrated(2, labels=1)
    threshold = fit_thresholds(cells[:, 0], truth[:, 0], F1, {})
    reached = F1(truth[:, 0], threshold_labels(cells[:, 0], threshold))
    assert reached == max(F1(truth[:, 0], cells[:, 0] >= level) for level in cells[:, 0])


def test_the_generic_search_beats_the_common_threshold():
    cells, truth = uncalibrated(3)
    unknown = type(F1)("unknown_score", F1.function, True, F1.tasks, "labels", F1.options)
    common = max(F1(truth, cells >= level) for level in np.arange(1, 50) / 50)
    exact = F1(truth, threshold_labels(cells, fit_thresholds(cells, truth, F1, {})))
    generic = F1(truth, threshold_labels(cells, fit_thresholds(cells, truth, unknown, {})))
    assert common < generic <= exact


@pytest.mark.parametrize("metric", [F_BETA, F1, ACCURACY], ids=lambda metric: metric.name)
def test_a_file_of_noughts_and_ones_is_left_as_it_is(metric):
    random = np.random.default_rng(4)
    truth, tags = random.random((300, 5)) < 0.3, random.random((300, 5)) < 0.3
    thresholds = fit_thresholds(tags.astype(np.float32), truth, metric, {})
    assert ((thresholds > 0) & (thresholds < 1)).all()
    np.testing.assert_array_equal(threshold_labels(tags.astype(np.float32), thresholds), tags)


def test_a_rare_label_stays_at_the_common_threshold():
    cells, truth = uncalibrated(5)
    truth[:, 1] = False
    truth[:19, 1] = True
    truth[:, 2] = False
    thresholds = fit_thresholds(cells, truth, F_BETA, {})
    assert thresholds[1] == thresholds[2]
    assert thresholds[1] in np.arange(1, 50) / 50
    assert len(set(thresholds)) == 3


@pytest.mark.parametrize("metric", [F_BETA, F1, ACCURACY], ids=lambda metric: metric.name)
def test_thresholds_do_not_depend_on_the_order_of_rows(metric):
    cells, truth = uncalibrated(6)
    order = np.random.default_rng(0).permutation(len(cells))
    first, second = fit_thresholds(cells, truth, metric, {}), fit_thresholds(cells[order], truth[order], metric, {})
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_equal_probabilities_everywhere_leave_a_threshold_inside_the_unit_interval():
    cells, truth = np.full((100, 2), 0.3), np.random.default_rng(7).random((100, 2)) < 0.5
    thresholds = fit_thresholds(cells, truth, F_BETA, {})
    assert ((thresholds > 0) & (thresholds < 1)).all()


def test_a_tag_is_kept_at_two_of_five_votes():
    votes = np.zeros((5, 1, 3), bool)
    votes[:2, 0, 0] = votes[:1, 0, 1] = votes[:, 0, 2] = True
    assert vote_labels(votes).tolist() == [[True, False, True]]


def test_votes_have_weights():
    votes = np.array([[[True, False]], [[False, True]]])
    assert vote_labels(votes, share=0.5, weights=np.array([3.0, 1.0])).tolist() == [[True, False]]
    with pytest.raises(ShapeMismatch):
        vote_labels(votes, weights=np.array([1.0]))
    with pytest.raises(ShapeMismatch):
        vote_labels(votes, weights=np.array([-1.0, 2.0]))


def test_cut_points_repair_a_shrunken_regression():
    random = np.random.default_rng(8)
    truth = random.integers(1, 5, 500)
    values = 2.5 + 0.4 * (truth - 2.5) + random.normal(0, 0.15, 500)
    cuts, lowest = fit_cut_points(values, truth)
    reached = KAPPA(truth, cut_values(values, cuts, lowest))
    assert reached > KAPPA(truth, values) + 0.2
    assert (np.diff(cuts) >= 0).all()
    for i in range(len(cuts)):
        for level in np.linspace(values.min(), values.max(), 200):
            trial = cuts.copy()
            trial[i] = level
            if (np.diff(trial) >= 0).all():
                assert KAPPA(truth, cut_values(values, trial, lowest)) <= reached + 1e-9


@given(hnp.arrays(np.float32, 30, elements=st.floats(-2, 8, width=32)), hnp.arrays(np.int64, 30, elements=st.integers(0, 4)))
@settings(deadline=None)
def test_fitted_cut_points_are_never_worse_than_rounding(values, truth):
    cuts, lowest = fit_cut_points(values, truth.astype(float))
    if len(set(truth)) > 1:
        rounded = np.clip(np.floor(values + 0.5), truth.min(), truth.max()).astype(int)
        assert KAPPA(truth, cut_values(values, cuts, lowest)) >= KAPPA(truth, rounded) - 1e-9


def test_argmax_takes_the_first_of_equals():
    assert argmax_labels(np.array([[0.4, 0.4, 0.2]])).tolist() == [0]


def test_every_metric_has_a_decision_that_serves_it_on_every_task():
    for metric in METRICS.values():
        for task in metric.tasks:
            decision = decision_for("auto", task, metric, {})
            assert decision.name == metric.default_decision.get(task, "none")
            assert (decision.name == "none") == (metric.needs != "labels")


@pytest.mark.parametrize(
    ("name", "metric", "task"),
    [
        ("argmax", "f_beta_samples_score", "multilabel"),
        ("thresholds", "multiclass_log_loss", "multiclass"),
        ("expected_fbeta", "f1_score", "multilabel"),
        ("cut_points", "accuracy_score", "multiclass"),
        ("coin", "f1_score", "binary"),
    ],
)
def test_a_decision_that_the_metric_cannot_serve_is_refused(name, metric, task):
    with pytest.raises(RecipeInvalid, match="among auto, "):
        decision_for(name, task, METRICS[metric], {})


def test_settings_that_a_decision_has_no_use_for_are_refused_by_name():
    def ask(table, metric="f_beta_samples_score", task="multilabel"):
        with pytest.raises(RecipeInvalid) as refused:
            decision_for(table, task, METRICS[metric], {})
        return refused.value.detail

    assert "among none; got 'calibration'" in ask({"name": "thresholds", "calibration": "platt"})
    assert "among label_groups; got 'calibration'" in ask({"name": "chosen", "calibration": "platt"})
    assert "among platt, isotonic, got 'temperature'" in ask({"name": "expected_fbeta", "calibration": "temperature"})
    assert "among temperature, vector, got 'platt'" in ask({"calibration": "platt"}, "multiclass_log_loss", "multiclass")
    assert "among none, got 'platt'" in ask({"calibration": "platt"}, "rmse_loss", "regression")
    assert "got 'groups'" in ask({"name": "expected_fbeta", "groups": [1]})
    assert "got 3" in ask({"name": 3})


def test_settings_of_nothing_are_none():
    plain = decision_for({"name": "thresholds", "calibration": None, "label_groups": []}, "multilabel", F_BETA, {})
    assert plain == DECISIONS["thresholds"]


def test_what_is_decided_already_is_left_as_it_is_by_the_chosen_decision():
    random = np.random.default_rng(11)
    truth, tags = random.random((300, 5)) < 0.3, (random.random((300, 5)) < 0.3).astype(np.float32)
    decision = DECISIONS["chosen"]
    parameters = decision.fit(tags, truth, "multilabel", F_BETA, {})
    assert (parameters["decision"], parameters["tried"]) == ("thresholds", {})
    np.testing.assert_array_equal(decision.apply(tags, parameters), tags == 1)


def test_the_choice_is_what_each_way_is_worth_on_the_other_half():
    cells, truth = uncalibrated(12)
    parameters = DECISIONS["chosen"].fit(cells, truth, "multilabel", F_BETA, {})
    half = half_of(cells, truth)
    for asked in ("thresholds", {"name": "expected_fbeta", "calibration": "platt"}):
        way, labels = decision_for(asked, "multilabel", F_BETA, {}), np.empty_like(truth)
        for rows in (half, ~half):
            labels[rows] = way.apply(cells[rows], way.fit(cells[~rows], truth[~rows], "multilabel", F_BETA, {}))
        assert parameters["tried"][way.name] == pytest.approx(F_BETA(truth, labels), abs=1e-12)
    best = max(parameters["tried"], key=parameters["tried"].get)
    assert parameters["decision"] == best
    order = np.random.default_rng(0).permutation(len(cells))
    assert DECISIONS["chosen"].fit(cells[order], truth[order], "multilabel", F_BETA, {})["tried"] == pytest.approx(parameters["tried"])


def test_where_labels_exclude_one_another_groups_are_chosen():
    random = np.random.default_rng(13)
    truth = np.zeros((2000, 5), bool)
    truth[np.arange(2000), random.integers(0, 3, 2000)] = True
    truth[:, 3:] = (random.random((2000, 2)) < 0.4) & ~truth[:, :1]
    cells = 1 / (1 + np.exp(-(2.0 * truth - 1.6 + random.normal(size=truth.shape))))
    groups = [WEATHER, {"kind": "excludes", "label": 0, "labels": [3, 4]}]
    found = DECISIONS["chosen"].find(Known(cells, truth, "multilabel", F_BETA, {}), {"label_groups": groups})
    assert found["decision"] == "expected_fbeta"
    assert found["parameters"]["label_groups"] == groups
    assert found["tried"]["expected_fbeta"] > found["tried"]["thresholds"] + 0.01


def test_one_row_has_a_decision():
    for name in ("chosen", "thresholds"):
        parameters = DECISIONS[name].fit(np.array([[0.4, 0.6]]), np.array([[True, False]]), "multilabel", F_BETA, {})
        assert DECISIONS[name].apply(np.array([[0.4, 0.6]]), parameters).shape == (1, 2)


def test_parameters_travel_through_json():
    import json

    cells, truth = uncalibrated(9, rows=100)
    for asked in ("thresholds", "none", "chosen", {"name": "expected_fbeta", "calibration": "isotonic", "label_groups": [WEATHER]}):
        decision = decision_for(asked, "multilabel", F_BETA, {"beta": 1.0})
        parameters = decision.fit(cells, truth, "multilabel", F_BETA, {"beta": 1.0})
        again = json.loads(json.dumps(parameters))
        np.testing.assert_array_equal(decision.apply(cells, parameters), decision.apply(cells, again))
    assert set(DECISIONS) == {"argmax", "thresholds", "expected_fbeta", "chosen", "cut_points", "none"}
    assert TASKS == ("binary", "multiclass", "multilabel", "regression")
