"""Metrics equal scikit-learn, and say by name why they have no value."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn.metrics as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stackyard.errors import MetricUndefined, ShapeMismatch, SpecInvalid, UnknownMetric
from stackyard.numerics.metrics import METRICS, metric_for

EXACT = {"abs": 1e-12, "rel": 1e-12}


@st.composite
def label_sets(draw):
    shape = draw(st.tuples(st.integers(1, 30), st.integers(1, 6)))
    cells = hnp.arrays(np.bool_, shape)
    return draw(cells), draw(cells)


@st.composite
def classes_and_guesses(draw, count=4):
    rows = draw(st.integers(1, 40))
    indices = hnp.arrays(np.int64, rows, elements=st.integers(0, count - 1))
    return draw(indices), draw(indices)


@st.composite
def truth_and_scores(draw):
    rows = draw(st.integers(2, 40))
    truth = draw(hnp.arrays(np.bool_, rows))
    truth[:2] = [True, False]
    return truth, draw(hnp.arrays(np.float32, rows, elements=st.floats(2**-20, 1 - 2**-20, width=32)))


def softmax(random, rows, classes):
    return random.dirichlet(np.full(classes, 0.5), rows)


@given(label_sets(), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0.0, 1.0]))
@settings(deadline=None)
def test_f_beta_by_rows_equals_scikit_learn(sets, beta, zero_division):
    truth, labels = sets
    if truth.shape[1] == 1:
        return  # scikit-learn knows no multi-label task with one label
    expected = peer.fbeta_score(truth, labels, beta=beta, average="samples", zero_division=zero_division)
    assert METRICS["f_beta_samples_score"](truth, labels, beta=beta, zero_division=zero_division) == pytest.approx(expected, **EXACT)


def test_a_row_without_true_or_predicted_labels_scores_one_by_default():
    nothing = np.zeros((1, 3), bool)
    assert METRICS["f_beta_samples_score"](nothing, nothing) == 1.0
    assert METRICS["f_beta_samples_score"](nothing, nothing, zero_division=0) == 0.0


def test_f_beta_counts_more_labels_than_a_byte_holds():
    truth = np.ones((2, 700), bool)
    assert METRICS["f_beta_samples_score"](truth, truth) == 1.0


@given(label_sets())
@settings(deadline=None)
def test_f1_and_accuracy_of_label_sets_equal_scikit_learn(sets):
    truth, labels = sets
    if truth.shape[1] == 1:
        return
    expected = peer.f1_score(truth, labels, average="macro", zero_division=0)
    assert METRICS["f1_score"](truth, labels) == pytest.approx(expected, **EXACT)
    assert METRICS["accuracy_score"](truth, labels) == pytest.approx(peer.accuracy_score(truth, labels), **EXACT)


@given(classes_and_guesses())
@settings(deadline=None)
def test_f1_accuracy_and_kappa_of_classes_equal_scikit_learn(pair):
    truth, guesses = pair
    cells = np.eye(4)[guesses]
    assert METRICS["accuracy_score"](truth, cells) == pytest.approx(peer.accuracy_score(truth, guesses), **EXACT)
    assert METRICS["f1_score"](truth, cells) == pytest.approx(peer.f1_score(truth, guesses, average="macro"), **EXACT)
    if len(set(truth) | set(guesses)) > 1:
        expected = peer.cohen_kappa_score(truth, guesses, weights="quadratic", labels=range(4))
        for form in (guesses, cells, guesses + 0.3):
            if form.dtype.kind == "f" and form.ndim == 1 and set(guesses) - set(range(truth.min(), truth.max() + 1)):
                continue  # regression values are clipped to the truth's range
            assert METRICS["quadratic_weighted_kappa_score"](truth, form) == pytest.approx(expected, **EXACT)


@given(classes_and_guesses(count=2))
@settings(deadline=None)
def test_f1_of_two_classes_as_labels_is_that_of_the_positives(pair):
    truth, guesses = pair
    expected = peer.f1_score(truth, guesses, zero_division=0)
    assert METRICS["f1_score"](truth, guesses) == pytest.approx(expected, **EXACT)
    assert METRICS["f1_score"](truth, guesses * 0.8 + 0.1) == pytest.approx(expected, **EXACT)


@given(truth_and_scores())
@settings(deadline=None)
def test_area_and_log_loss_of_one_label_equal_scikit_learn(pair):
    truth, scores = pair
    assert METRICS["roc_auc_score"](truth, scores) == pytest.approx(peer.roc_auc_score(truth, scores), **EXACT)
    expected = peer.log_loss(truth, scores.astype(np.float64))
    assert METRICS["binary_log_loss"](truth, scores) == pytest.approx(expected, **EXACT)
    assert METRICS["binary_log_loss"](truth, scores[:, None]) == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_multi_class_log_loss_and_area_equal_scikit_learn(dtype):
    random = np.random.default_rng(1)
    truth, cells = random.integers(0, 5, 500), softmax(random, 500, 5).astype(dtype)
    wide = np.clip(cells.astype(np.float64), 1e-15, 1 - 1e-15)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows of float32 sum to 1 within 1e-7 only
        assert METRICS["multiclass_log_loss"](truth, cells) == pytest.approx(peer.log_loss(truth, wide), **EXACT)
    wide /= wide.sum(axis=1, keepdims=True)
    expected = peer.roc_auc_score(truth, wide, multi_class="ovr", average="macro")
    assert METRICS["roc_auc_score"](truth, wide) == pytest.approx(expected, **EXACT)


def test_log_loss_and_area_are_means_over_labels():
    random = np.random.default_rng(2)
    truth, cells = random.random((200, 4)) < 0.3, random.random((200, 4))
    losses = [peer.log_loss(truth[:, j], cells[:, j]) for j in range(4)]
    assert METRICS["binary_log_loss"](truth, cells) == pytest.approx(np.mean(losses), **EXACT)
    assert METRICS["binary_log_loss"].classes(truth, cells) == pytest.approx(losses, **EXACT)
    assert METRICS["roc_auc_score"](truth, cells) == pytest.approx(peer.roc_auc_score(truth, cells), **EXACT)


def test_a_certain_and_wrong_float32_costs_a_finite_loss():
    truth, certain = np.array([0, 1]), np.array([1, 0], np.float32)
    assert METRICS["binary_log_loss"](truth, certain) == pytest.approx(-np.log(1e-15), rel=1e-6)
    assert METRICS["multiclass_log_loss"](truth, np.stack([1 - certain, certain], 1)) == pytest.approx(-np.log(1e-15), rel=1e-6)


@given(hnp.arrays(np.float64, (2, 20), elements=st.floats(0, 1e6)))
@settings(deadline=None)
def test_regression_losses_equal_scikit_learn(pair):
    truth, values = pair
    for name, expected in {
        "rmse_loss": peer.root_mean_squared_error,
        "mae_loss": peer.mean_absolute_error,
        "rmsle_loss": peer.root_mean_squared_log_error,
    }.items():
        assert METRICS[name](truth, values) == pytest.approx(expected(truth, values), **EXACT)


def test_label_metrics_decide_probabilities_at_the_threshold():
    truth, cells = np.array([[True, False]]), np.array([[0.5, 0.4]])
    assert METRICS["f_beta_samples_score"](truth, cells) == 1.0
    assert METRICS["accuracy_score"](truth, cells, threshold=0.4) == 0.0


def test_regression_values_are_rounded_and_clipped_for_kappa():
    assert METRICS["quadratic_weighted_kappa_score"](np.array([1.0, 2.0, 3.0]), np.array([-9.0, 2.4, 99.0])) == 1.0


def test_rows_average_to_the_metric():
    random = np.random.default_rng(3)
    truth, cells = random.random((50, 3)) < 0.5, random.random((50, 3))
    for name in ("f_beta_samples_score", "binary_log_loss", "accuracy_score"):
        assert METRICS[name].rows(truth, cells).mean() == pytest.approx(METRICS[name](truth, cells), **EXACT)
    assert METRICS["f1_score"].rows(truth, cells) is None


def test_a_class_has_a_value_of_its_own_or_none():
    truth = np.array([0, 0, 1])
    cells = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25]])
    assert METRICS["multiclass_log_loss"].classes(truth, cells) == pytest.approx([np.log(2) * 1.5, np.log(2), None], nan_ok=True)
    assert METRICS["accuracy_score"].classes(truth, cells) == [0.5, 1.0, None]
    assert METRICS["f1_score"].classes(truth, cells) == pytest.approx([2 / 3, 2 / 3, None])
    assert METRICS["rmse_loss"].classes(truth, cells[:, 0]) is None


@pytest.mark.parametrize("name", sorted(METRICS))
def test_no_rows_and_nan_leave_a_metric_undefined(name):
    truth = np.zeros((0, 2), bool)
    with pytest.raises(MetricUndefined, match="got none"):
        METRICS[name](truth, np.zeros((0, 2)))
    with pytest.raises(MetricUndefined, match="got 1 others in the prediction"):
        METRICS[name](np.array([0, 1]), np.array([0.5, np.nan]))


def test_an_area_without_both_kinds_of_rows_is_undefined():
    with pytest.raises(MetricUndefined, match=r"classes \[1\]"):
        METRICS["roc_auc_score"](np.array([[1, 1], [0, 1]]), np.array([[0.1, 0.2], [0.3, 0.4]]))


def test_kappa_of_one_grade_is_undefined():
    with pytest.raises(MetricUndefined, match="two different grades"):
        METRICS["quadratic_weighted_kappa_score"](np.array([2, 2]), np.array([2, 2]))


def test_a_logarithm_of_minus_one_is_undefined():
    with pytest.raises(MetricUndefined, match="above -1"):
        METRICS["rmsle_loss"](np.array([1.0]), np.array([-1.0]))


@pytest.mark.parametrize(
    ("name", "truth", "prediction"),
    [
        ("rmse_loss", np.zeros(3), np.zeros(2)),
        ("rmse_loss", np.zeros(3), np.zeros((3, 2))),
        ("f_beta_samples_score", np.zeros((3, 2), bool), np.zeros((3, 4))),
        ("f_beta_samples_score", np.zeros(3, bool), np.zeros(3)),
        ("multiclass_log_loss", np.array([0, 3]), np.full((2, 3), 1 / 3)),
        ("multiclass_log_loss", np.array([0, 1]), np.zeros(2)),
        ("binary_log_loss", np.array([0, 1]), np.full((2, 2), 0.5)),
        ("accuracy_score", np.array([0, 2]), np.array([0.1, 0.9])),
        ("accuracy_score", np.array([0, 2]), np.array(["a", "b"])),
    ],
)
def test_shapes_that_do_not_fit_are_named(name, truth, prediction):
    with pytest.raises(ShapeMismatch, match="expected"):
        METRICS[name](truth, prediction)


def test_an_unknown_option_or_value_is_refused():
    truth = np.array([[True]])
    with pytest.raises(SpecInvalid, match="'gamma'"):
        METRICS["f_beta_samples_score"](truth, truth, gamma=1)
    with pytest.raises(SpecInvalid, match="not negative"):
        METRICS["f_beta_samples_score"](truth, truth, beta=-1)


def test_an_unknown_metric_names_its_nearest_neighbours():
    with pytest.raises(UnknownMetric, match="such as rmse_loss"):
        metric_for("rmse", "regression")
    with pytest.raises(UnknownMetric, match="multiclass task"):
        metric_for("rmse_loss", "multiclass")


def test_names_tell_the_direction():
    for name, metric in METRICS.items():
        assert metric.name == name
        assert name.endswith("_score" if metric.higher_is_better else "_loss")


def test_the_tag_file_of_planet_scores_what_its_readme_says(shared_data):
    import csv
    import gzip

    def read(path):
        with gzip.open(path, "rt") as file:
            return {row["image_name"]: set(row["tags"].split()) for row in csv.DictReader(file)}

    truth = read(shared_data / "planet-labels" / "train_labels.csv.gz")
    guess = read(shared_data / "planet-tag-submissions" / "train_tags_in_sample.csv.gz")
    tags = sorted(set().union(*truth.values()))
    truth_cells = np.array([[tag in tags_of for tag in tags] for tags_of in truth.values()])
    guess_cells = np.array([[tag in guess[name] for tag in tags] for name in truth])
    assert METRICS["f_beta_samples_score"](truth_cells, guess_cells, beta=2) == pytest.approx(0.8774599, abs=5e-8)


def test_the_web_process_can_read_the_registries_without_heavy_libraries():
    names = ["metrics", "decisions", "evaluation", "folds"]
    code = f"""
import importlib, sys
for name in {names}:
    importlib.import_module("stackyard.numerics." + name)
print(sorted({{"numba", "sklearn", "scipy", "torch"}} & set(sys.modules)))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "[]"
