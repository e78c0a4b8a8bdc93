"""Logistic regression by Newton's method finds scikit-learn's solution, and its penalty by honest inner folds."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from stackyard.numerics import logistic
from stackyard.numerics.logistic import INTERCEPT_PENALTY, PENALTIES, ClassRows, LabelRows, minimise, select


def make_features(seed, rows=300, features=4):
    return np.concatenate([np.random.default_rng(seed).normal(size=(rows, features)), np.ones((rows, 1))], axis=1)


def draw_labels(x, seed, strength=1.0):
    random = np.random.default_rng(seed)
    odds = x[:, :-1] @ random.normal(size=x.shape[1] - 1) * strength
    return (random.random(len(x)) < 1 / (1 + np.exp(-odds))).astype(np.float64)


@pytest.mark.parametrize("penalty", [0.1, 10.0, 1000.0])
def test_labels_solved_as_a_batch_equal_scikit_learn_one_by_one(penalty):
    x = np.stack([make_features(seed) for seed in range(3)]).astype(np.float32)
    y = np.stack([draw_labels(features, seed) for seed, features in enumerate(x)])
    precision = np.array([penalty] * 4 + [0.0])
    weights, _ = minimise([LabelRows(x[:, :100], y[:, :100]), LabelRows(x[:, 100:], y[:, 100:])], precision, np.zeros((3, 5)))

    for label in range(3):
        peer = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=1000).fit(x[label, :, :-1], y[label])
        assert weights[label] == pytest.approx(np.append(peer.coef_[0], peer.intercept_), abs=2e-3)


@pytest.mark.parametrize("penalty", [0.1, 10.0, 1000.0])
def test_classes_solved_together_equal_scikit_learn(penalty):
    x = make_features(0)
    y = np.random.default_rng(1).integers(0, 3, 300)
    y[x[:, 0] > 0.5] = 1
    weights, _ = minimise([ClassRows(x, np.eye(3)[y])], np.tile([penalty] * 4 + [1e-9], 3), np.zeros((1, 15)))
    peer = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=1000).fit(x[:, :-1], y)

    found = weights.reshape(3, 5)
    assert found[:, :-1] == pytest.approx(peer.coef_, abs=2e-3)
    assert found[:, -1] - found[:, -1].mean() == pytest.approx(peer.intercept_ - peer.intercept_.mean(), abs=2e-3)


@pytest.mark.parametrize("kind", ["labels", "classes"])
def test_derivatives_are_those_of_the_loss(kind):
    x, y = make_features(3, rows=50), np.random.default_rng(0).integers(0, 3, 50)
    rows = ClassRows(x, np.eye(3)[y]) if kind == "classes" else LabelRows(x[None], np.minimum(y, 1)[None].astype(float))
    weights = np.random.default_rng(1).normal(size=(1, rows.columns))
    found = rows.derivatives(weights)
    assert found.loss == pytest.approx(rows.loss(weights), rel=1e-5)
    for place in range(rows.columns):
        nudge = np.zeros_like(weights)
        nudge[0, place] = 1e-4
        above, below = rows.derivatives(weights + nudge), rows.derivatives(weights - nudge)
        assert found.gradient[0, place] == pytest.approx((above.loss - below.loss)[0] / 2e-4, abs=1e-4)
        assert found.hessian[0, place] == pytest.approx((above.gradient - below.gradient)[0] / 2e-4, abs=1e-4)


def test_the_chosen_penalty_is_nearly_the_best_that_refitting_every_inner_fold_finds():
    x = np.stack([make_features(seed, rows=120, features=12) for seed in range(4)]).astype(np.float32)
    y = np.stack([draw_labels(features, seed, strength) for seed, (features, strength) in enumerate(zip(x, (0, 0.1, 0.5, 2), strict=True))])
    groups = [LabelRows(x[:, start : start + 30], y[:, start : start + 30]) for start in range(0, 120, 30)]
    intercepts = np.arange(13) == 12
    penalties, chosen = select(groups, intercepts)

    losses, solutions = [], []
    for penalty in PENALTIES:
        precision = np.where(intercepts, INTERCEPT_PENALTY, penalty)
        held = [minimise([g for g in groups if g is not group], precision, np.zeros((4, 13)))[0] for group in groups]
        losses.append(sum(group.loss(weights) for group, weights in zip(groups, held, strict=True)))
        solutions.append(minimise(groups, precision, np.zeros((4, 13)))[0])
    for label in range(4):
        taken = int(np.argmin([np.abs(solution[label] - chosen[label]).max() for solution in solutions]))
        assert losses[taken][label] <= np.min(losses, axis=0)[label] * 1.01
        assert PENALTIES[taken] == penalties[label]
    assert np.abs(chosen[0, :-1]).max() < np.abs(chosen[3, :-1]).max() / 5


def test_separable_labels_have_finite_weights():
    x = make_features(0, rows=40)
    rows = [LabelRows(x[None, :20], (x[None, :20, 0] > 0).astype(float)), LabelRows(x[None, 20:], (x[None, 20:, 0] > 0).astype(float))]
    assert np.isfinite(select(rows, np.arange(5) == 4)[1]).all()


def test_very_many_rows_are_all_learned_from_though_only_some_choose_the_penalty(monkeypatch):
    x = make_features(2, rows=900, features=6).astype(np.float32)
    y = draw_labels(x, 3)
    groups = [LabelRows(x[None, start : start + 300], y[None, start : start + 300]) for start in range(0, 900, 300)]
    intercepts = np.arange(7) == 6
    monkeypatch.setattr(logistic, "ROWS_TO_SELECT_ON", 300)
    found = logistic.select_label(groups, intercepts)
    penalties, _ = select([group.every(3) for group in groups], intercepts, 1 / 3)
    expected, _ = minimise(groups, np.where(intercepts, INTERCEPT_PENALTY, penalties[0]), np.zeros((1, 7)))

    assert found == pytest.approx(expected, abs=5e-3)


def test_what_is_known_at_the_start_saves_work_and_changes_nothing(monkeypatch):
    x = np.stack([make_features(seed, rows=400, features=6) for seed in range(2)]).astype(np.float32)
    y = np.stack([draw_labels(features, seed) for seed, features in enumerate(x)])
    groups = [LabelRows(x[:, start : start + 100], y[:, start : start + 100]) for start in range(0, 400, 100)]
    precision = np.array([1.0] * 6 + [0.0])
    start, known = minimise(groups, precision, np.zeros((2, 7)))
    curvatures = []
    whole = LabelRows.derivatives

    def counted(self, weights, hessian=None):
        curvatures.append(hessian is None)
        return whole(self, weights, hessian)

    monkeypatch.setattr(LabelRows, "derivatives", counted)
    for held in range(4):
        others = [group for place, group in enumerate(groups) if place != held]
        near, _ = minimise(others, precision, start, [part for place, part in enumerate(known) if place != held])
        from_known = sum(curvatures)
        far, _ = minimise(others, precision, np.zeros((2, 7)))
        assert near == pytest.approx(far, abs=2e-3)
        assert from_known < sum(curvatures) - from_known
        curvatures.clear()
