"""Calibration: the optimum, its limits, and what it never changes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from stackyard.errors import RecipeInvalid, ShapeMismatch
from stackyard.numerics.calibration import CALIBRATORS, apply_isotonic, apply_platt, calibrator_for, fit_isotonic, fit_platt
from stackyard.numerics.class_scaling import fit_class_scaling, fit_temperature, scaled_classes
from stackyard.numerics.evaluation import evaluate
from stackyard.numerics.features import log_odds, odds_to_probabilities
from stackyard.numerics.metrics import METRICS

LOG_LOSS, CLASS_LOG_LOSS = METRICS["binary_log_loss"], METRICS["multiclass_log_loss"]
BY_LABEL, BY_CLASS = ("platt", "isotonic"), ("temperature", "vector")


def too_sure(seed=0, rows=3000, labels=3):
    """True probabilities, labels drawn by them, and the same too sure of themselves and shifted."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.2, (rows, labels))
    truth = random.random((rows, labels)) < odds_to_probabilities(odds, "binary")
    return odds_to_probabilities(2.5 * odds - 0.8, "binary"), truth


def too_sure_classes(seed=0, rows=2000, classes=4):
    random = np.random.default_rng(seed)
    odds = random.normal(0, 1.2, (rows, classes))
    chances = odds_to_probabilities(odds, "multiclass")
    truth = (random.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, classes - 1)
    return odds_to_probabilities(2.5 * odds + np.linspace(-1, 1, classes), "multiclass"), truth


def test_platt_is_the_least_penalised_log_loss_by_another_optimiser():
    cells, truth = too_sure()
    found = fit_platt(cells, truth)
    odds = log_odds(cells[None], "binary")[0].astype(np.float64)
    for label in range(3):
        positives = truth[:, label].sum()
        targets = np.where(truth[:, label], (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2))

        def loss(weights, label=label, targets=targets):
            scaled = weights[0] * odds[:, label] + weights[1]
            return (np.logaddexp(0, scaled) - targets * scaled).sum() + 0.5 * ((weights[0] - 1) ** 2 + weights[1] ** 2)

        other = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11}).x
        assert [found["slopes"][label], found["intercepts"][label]] == pytest.approx(other, abs=1e-5)


def test_what_is_twice_too_sure_is_brought_back():
    cells, truth = too_sure(rows=20_000)
    found = fit_platt(cells, truth)
    assert found["slopes"] == pytest.approx([0.4] * 3, abs=0.03)
    assert LOG_LOSS(truth, apply_platt(cells, found)) < LOG_LOSS(truth, cells) - 0.1


def test_isotonic_is_that_of_scikit_learn_but_never_surer_than_the_rows_allow():
    cells, truth = too_sure(1, rows=500)
    cells = cells.round(2)
    found = apply_isotonic(cells, fit_isotonic(cells, truth))
    asked = np.linspace(0, 1, 300)
    beyond = apply_isotonic(np.repeat(asked[:, None], 3, axis=1), fit_isotonic(cells, truth))
    for label in range(3):
        known = IsotonicRegression(out_of_bounds="clip").fit(cells[:, label], truth[:, label])
        np.testing.assert_allclose(found[:, label], known.predict(cells[:, label]).clip(1 / 502, 501 / 502), atol=1e-12)
        # between knots the straight line has other ends where these were drawn in
        np.testing.assert_allclose(beyond[:, label], known.predict(asked), atol=1 / 502 + 1e-12)


@pytest.mark.parametrize("name", BY_LABEL)
def test_other_rows_are_told_better(name):
    (cells, truth), (others, other_truth) = too_sure(2), too_sure(3)
    calibrator = CALIBRATORS[name]
    told = calibrator.apply(others, calibrator.fit(cells, truth))
    assert LOG_LOSS(other_truth, told) < LOG_LOSS(other_truth, others) - 0.1


@pytest.mark.parametrize("name", BY_LABEL)
@pytest.mark.parametrize("rows", [0, 1, 2, 40])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_label_that_is_never_or_always_true_stays_inside_the_unit_interval(name, rows, share):
    cells = np.random.default_rng(4).random((rows, 2))
    truth = np.full((rows, 2), share == 1.0)
    calibrator = CALIBRATORS[name]
    asked = np.array([[0.0, 1.0], [0.5, 0.3]])
    told = calibrator.apply(asked, json.loads(json.dumps(calibrator.fit(cells, truth))))
    if rows:
        assert ((told > 0) & (told < 1)).all()
        assert rows < 40 or (abs(told - share)[1] < 0.1).all()
    else:
        np.testing.assert_allclose(told, asked, atol=1e-6)


@pytest.mark.parametrize("name", BY_LABEL)
def test_constant_columns_noughts_and_ones_have_a_solution(name):
    truth = np.random.default_rng(5).random((400, 3)) < 0.3
    cells = np.stack([np.full(400, 0.7), np.zeros(400), truth[:, 2].astype(float)], axis=1)
    calibrator = CALIBRATORS[name]
    told = calibrator.apply(cells, calibrator.fit(cells, truth))
    assert told[:, :2].mean(axis=0) == pytest.approx(truth[:, :2].mean(axis=0), abs=0.01)
    assert (abs(told[:, 2] - truth[:, 2]) < 0.01).all()


@given(hnp.arrays(np.float64, 30, elements=st.floats(0, 1)), hnp.arrays(np.bool_, 30), st.permutations(range(30)))
def test_calibration_depends_neither_on_row_order_nor_falls_where_probabilities_rise(scores, truth, order):
    for name in BY_LABEL:
        calibrator = CALIBRATORS[name]
        found, moved = calibrator.fit(scores, truth), calibrator.fit(scores[order], truth[order])
        told = calibrator.apply(scores, found)
        np.testing.assert_allclose(told, calibrator.apply(scores, moved), atol=1e-7)
        steps = np.diff(told[np.argsort(scores, kind="stable")])
        # Platt may turn a model round that is worse than chance, but bends nowhere
        assert (steps >= -1e-12).all() or (name == "platt" and (steps <= 1e-12).all())


@pytest.mark.parametrize("name", BY_LABEL)
def test_one_value_a_row_is_calibrated_as_one_label(name):
    cells, truth = too_sure(6, labels=1)
    calibrator = CALIBRATORS[name]
    flat = calibrator.apply(cells[:, 0], calibrator.fit(cells[:, 0], truth[:, 0].astype(int)))
    np.testing.assert_array_equal(flat, calibrator.apply(cells, calibrator.fit(cells, truth))[:, 0])


def test_class_scaling_is_the_least_penalised_log_loss_by_another_optimiser():
    cells, truth = too_sure_classes()
    cells = np.maximum(cells, 1e-6)  # a class is never further away than the log odds of all calibrations
    logs = np.log(cells) - np.log(cells).mean(axis=1, keepdims=True)

    def loss(weights):
        odds = logs * weights[:4] + weights[4:]
        told = np.log(np.exp(odds).sum(axis=1)) - odds[np.arange(len(truth)), truth]
        return told.sum() + 0.5 * ((weights[:4] - 1) ** 2).sum() + 0.5 * (weights[4:] ** 2).sum()

    other = minimize(loss, np.repeat([1.0, 0.0], 4), method="BFGS", options={"gtol": 1e-6}).fun
    found = fit_class_scaling(cells, truth)
    assert loss(np.concatenate([found["slopes"], found["intercepts"]])) == pytest.approx(other, abs=1e-4)


def test_temperature_leaves_the_likeliest_class_and_lowers_the_loss():
    (cells, truth), (others, other_truth) = too_sure_classes(1), too_sure_classes(2)
    told = scaled_classes(others, fit_temperature(cells, truth))
    np.testing.assert_array_equal(told.argmax(axis=1), others.argmax(axis=1))
    by_class = scaled_classes(others, fit_class_scaling(cells, truth))
    assert told.sum(axis=1) == pytest.approx(1)
    assert CLASS_LOG_LOSS(other_truth, by_class) < CLASS_LOG_LOSS(other_truth, told) < CLASS_LOG_LOSS(other_truth, others)


@pytest.mark.parametrize("name", BY_CLASS)
def test_classes_without_rows_and_certain_rows_have_a_solution(name):
    cells = np.eye(4)[np.arange(60) % 3]
    truth = np.arange(60) % 3
    told = CALIBRATORS[name].apply(np.concatenate([cells, np.full((1, 4), 0.25)]), CALIBRATORS[name].fit(cells, truth))
    assert np.isfinite(told).all()
    assert told.sum(axis=1) == pytest.approx(1)
    with pytest.raises(ShapeMismatch):
        CALIBRATORS[name].fit(cells[:, 0], truth)


def test_a_calibration_of_another_task_is_refused():
    assert calibrator_for("vector", "multiclass").name == "vector"
    with pytest.raises(RecipeInvalid, match="for a binary task among platt, isotonic, got 'vector'"):
        calibrator_for("vector", "binary")


@pytest.mark.parametrize(("task", "name"), [("multilabel", "platt"), ("binary", "isotonic"), ("multiclass", "temperature")])
def test_a_calibration_is_judged_on_folds_that_it_was_not_fitted_on(task, name):
    cells, truth = too_sure_classes(3, rows=600) if task == "multiclass" else too_sure(3, rows=600)
    cells, truth = (cells[:, 0], truth[:, 0].astype(int)) if task == "binary" else (cells, truth)
    metric = "multiclass_log_loss" if task == "multiclass" else "binary_log_loss"
    folds = np.arange(600) % 4
    found = evaluate(truth, cells, folds, task, metric, decision={"name": "none", "calibration": name})
    by_hand = np.empty(cells.shape)
    for fold in range(4):
        parameters = CALIBRATORS[name].fit(cells[folds != fold], truth[folds != fold])
        by_hand[folds == fold] = CALIBRATORS[name].apply(cells[folds == fold], parameters)
    assert found.score == pytest.approx(METRICS[metric](truth, by_hand), abs=1e-12)
    assert found.in_sample < found.score < METRICS[metric](truth, cells)
    assert found.settings == {"calibration": name}


@pytest.mark.parametrize(
    "asked", ["chosen", {"name": "expected_fbeta", "calibration": "platt"}, {"name": "expected_fbeta", "calibration": "isotonic"}]
)
def test_on_shuffled_labels_a_decision_is_no_better_than_one_set_for_all_rows(asked):
    gains = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        cells, truth = too_sure(seed, rows=300, labels=4)
        truth, folds = random.permutation(truth), np.arange(300) % 5
        found = evaluate(truth, cells, folds, "multilabel", "f_beta_samples_score", decision=asked)
        every_set = np.array(np.meshgrid(*[[False, True]] * 4)).reshape(4, -1).T
        best = max(METRICS["f_beta_samples_score"](truth, np.tile(one, (300, 1))) for one in every_set)
        gains.append(found.score - best)
    assert np.mean(gains) <= 3 * np.std(gains, ddof=1) / np.sqrt(len(gains))
