"""An evaluation is honest: what decides a row has never seen that row's truth."""

import numpy as np
import pytest
from stackyard.errors import FoldsInvalid, MetricUndefined, RecipeInvalid, ShapeMismatch, UnknownMetric
from stackyard.numerics.decisions import apply_decision, fit_thresholds, threshold_labels
from stackyard.numerics.evaluation import evaluate, score_by_fold
from stackyard.numerics.metrics import METRICS


def multilabel(seed=0, rows=500, labels=4, signal=2.0):
    random = np.random.default_rng(seed)
    truth = random.random((rows, labels)) < 0.3
    scores = 1 / (1 + np.exp(-(signal * truth + random.normal(size=truth.shape) - 3)))
    return truth, scores, np.arange(rows) % 5


def test_pooled_by_fold_and_by_class_agree_with_the_metric():
    random = np.random.default_rng(1)
    truth, cells, folds = random.integers(0, 3, 90), random.dirichlet(np.ones(3), 90), np.arange(90) % 3
    metric = METRICS["multiclass_log_loss"]
    found = evaluate(truth, cells, folds, "multiclass", "multiclass_log_loss")
    assert found.score == pytest.approx(metric(truth, cells), abs=1e-14)
    assert found.by_fold == pytest.approx([metric(truth[folds == k], cells[folds == k]) for k in range(3)], abs=1e-14)
    assert found.mean == pytest.approx(np.mean(found.by_fold))
    assert found.std == pytest.approx(np.std(found.by_fold))
    assert found.by_class == pytest.approx([metric(truth[truth == c], cells[truth == c]) for c in range(3)])
    assert (found.in_sample, found.gap, found.decision, found.parameters) == (found.score, 0.0, "none", {})


def test_thresholds_of_a_fold_come_from_the_other_folds():
    truth, scores, folds = multilabel()
    found = evaluate(truth, scores, folds, "multilabel", "f_beta_samples_score", {"beta": 2}, "thresholds")
    metric = METRICS["f_beta_samples_score"]
    for k in range(5):
        inside = folds == k
        thresholds = fit_thresholds(scores[~inside], truth[~inside], metric, {"beta": 2})
        assert found.by_fold[k] == pytest.approx(metric(truth[inside], threshold_labels(scores[inside], thresholds)), abs=1e-12)
    everything = fit_thresholds(scores, truth, metric, {"beta": 2})
    assert found.parameters == {"thresholds": everything.tolist()}
    assert found.in_sample == pytest.approx(metric(truth, threshold_labels(scores, everything)))
    assert found.gap == pytest.approx(found.in_sample - found.score)


def test_on_noise_the_in_sample_score_flatters_and_the_honest_one_does_not():
    honest, flattered = [], []
    for seed in range(20):
        truth, scores, folds = multilabel(seed, rows=120, signal=0.0)
        found = evaluate(truth, scores, folds, "multilabel", "accuracy_score")
        honest.append(found.score - (~truth.any(axis=1)).mean())
        flattered.append(found.gap)
    assert np.mean(flattered) > 0
    assert np.mean(honest) < 3 * np.std(honest) / np.sqrt(20)


def test_changing_the_truth_of_a_fold_leaves_its_own_labels_alone():
    from stackyard.numerics.decisions import DECISIONS
    from stackyard.numerics.evaluation import cross_fitted_labels

    truth, scores, folds = multilabel()
    metric, turned = METRICS["f_beta_samples_score"], truth.copy()
    turned[folds == 2] = ~turned[folds == 2]
    labels = [cross_fitted_labels(DECISIONS["thresholds"], scores, t, folds, "multilabel", metric, {}) for t in (truth, turned)]
    np.testing.assert_array_equal(labels[0][folds == 2], labels[1][folds == 2])
    assert (labels[0] != labels[1]).any()


def test_expected_fbeta_uses_the_options_of_the_metric():
    truth, scores, folds = multilabel()
    found = evaluate(truth, scores, folds, "multilabel", "f_beta_samples_score", {"beta": 1.0}, decision="expected_fbeta")
    assert found.parameters == {"beta": 1.0, "zero_division": 1.0}
    assert found.gap == 0.0
    assert len(found.by_class) == 4


def test_test_rows_are_decided_by_the_parameters_of_all_rows():
    truth, scores, folds = multilabel()
    found = evaluate(truth, scores, folds, "multilabel", "f1_score")
    labels = apply_decision(found.decision, found.parameters, scores)
    assert METRICS["f1_score"](truth, labels) == pytest.approx(found.in_sample)


def test_a_fold_without_positives_has_no_area_but_the_pool_has():
    truth, scores = np.array([0, 1, 1, 0, 0, 0]), np.array([0.1, 0.9, 0.8, 0.2, 0.3, 0.1])
    found = evaluate(truth, scores, np.array([0, 0, 0, 1, 1, 1]), "binary", "roc_auc_score")
    assert found.by_fold == [1.0, None]
    assert (found.score, found.mean, found.std, found.by_class) == (1.0, 1.0, 0.0, None)


def test_an_undefined_pool_is_named():
    with pytest.raises(MetricUndefined):
        evaluate(np.zeros(4, int), np.full(4, 0.5), np.array([0, 0, 1, 1]), "binary", "roc_auc_score")


def test_a_binary_f1_is_decided_by_one_threshold_whatever_the_shape():
    truth, scores, folds = multilabel(labels=1)
    flat = evaluate(truth[:, 0].astype(int), scores[:, 0], folds, "binary", "f1_score")
    column = evaluate(truth[:, 0].astype(int), scores, folds, "binary", "f1_score")
    assert flat == column
    assert len(flat.parameters["thresholds"]) == 1
    assert flat.score > METRICS["f1_score"](truth[:, 0], scores[:, 0])


def test_two_classes_of_a_multi_class_task_are_averaged():
    random = np.random.default_rng(3)
    truth, cells = random.integers(0, 2, 60), random.dirichlet(np.ones(2), 60)
    found = evaluate(truth, cells, np.arange(60) % 3, "multiclass", "f1_score")
    assert found.score == pytest.approx(np.mean(found.by_class))
    assert len(found.by_class) == 2


def test_kappa_of_a_regression_is_decided_by_cut_points():
    random = np.random.default_rng(4)
    truth = random.integers(0, 4, 300).astype(float)
    values = 1.5 + 0.4 * (truth - 1.5) + random.normal(0, 0.1, 300)
    found = evaluate(truth, values, np.arange(300) % 3, "regression", "quadratic_weighted_kappa_score")
    assert found.decision == "cut_points"
    assert found.score > METRICS["quadratic_weighted_kappa_score"](truth, values) + 0.2


def test_fold_numbers_need_not_start_at_nought():
    truth, scores, folds = multilabel()
    assert evaluate(truth, scores, folds, "multilabel", "f1_score") == evaluate(truth, scores, folds + 7, "multilabel", "f1_score")


def test_a_mean_over_rows_and_a_slow_way_by_fold_agree():
    truth, scores, folds = multilabel()
    for name in ("f_beta_samples_score", "binary_log_loss", "accuracy_score"):
        expected = [METRICS[name](truth[folds == k], scores[folds == k]) for k in range(5)]
        assert score_by_fold(METRICS[name], truth, scores, folds, {}) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("labels", [1, 3, 7, 8, 9, 17, 31, 32, 33, 63, 64, 65, 200])
@pytest.mark.parametrize("rows", [1, 2, 300])
def test_f_beta_by_fold_is_the_mean_of_its_rows_whatever_the_number_of_labels(labels, rows):
    random = np.random.default_rng(labels)
    truth, chosen = random.random((2, rows, labels)) < 1.5 / labels
    truth[0] = chosen[0] = False  # an empty row
    folds, metric = random.integers(0, 4, rows), METRICS["f_beta_samples_score"]
    for options in ({}, {"beta": 0.5, "zero_division": 0.0}):
        values = metric.rows(truth, chosen, **options)
        for numbers in (folds, folds + 3, folds + 1000, folds - 2, folds.astype(np.int8)):
            expected = [values[numbers == k].mean() for k in np.unique(numbers)]
            assert score_by_fold(metric, truth, chosen, numbers, options) == pytest.approx(expected, abs=1e-13)
            assert score_by_fold(metric, np.asfortranarray(truth), chosen.astype(float), numbers, options) == pytest.approx(
                expected, abs=1e-13
            )


def test_impossible_requests_are_named():
    truth, scores, folds = multilabel()
    with pytest.raises(FoldsInvalid, match="two folds"):
        evaluate(truth, scores, np.zeros(500, int), "multilabel", "f1_score")
    with pytest.raises(ShapeMismatch, match="500 rows"):
        evaluate(truth, scores, folds[:-1], "multilabel", "f1_score")
    with pytest.raises(UnknownMetric):
        evaluate(truth, scores, folds, "multilabel", "rmse_loss")
    with pytest.raises(RecipeInvalid):
        evaluate(truth, scores, folds, "multilabel", "f1_score", decision="argmax")
