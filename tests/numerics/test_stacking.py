"""Cross-fitting and nested blending: what judges a row was made without it."""

import numpy as np
import pytest
from stackyard.errors import Cancelled, FoldsInvalid, RecipeInvalid, ShapeMismatch
from stackyard.numerics.blending import BLENDS, blend, greedy_path
from stackyard.numerics.fold_rows import Setup, split_by_fold
from stackyard.numerics.level2 import LEVEL2
from stackyard.numerics.stacking import cross_fit, nested_blend

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


@pytest.mark.parametrize("task", TASKS)
def test_each_fold_is_predicted_by_a_fit_on_the_others_and_test_by_the_mean_of_all_fits(task):
    world = make_small_world(task)
    result = cross_fit("ridge", world.oof, world.test, world.truth, world.folds, task)
    parts = split_by_fold(world.oof, world.truth, world.folds, task)
    columned = world.test[:, :, None] if world.test.ndim == 2 else world.test
    tests = []
    for part in parts:
        predict = LEVEL2["ridge"].fit([other for other in parts if other.fold != part.fold], Setup(task))
        assert result.oof[world.folds == part.fold].tobytes() == predict(part.predictions).tobytes()
        tests.append(predict(columned))

    assert result.test == pytest.approx(np.mean(tests, axis=0).reshape(result.test.shape), rel=1e-6)


def test_without_test_predictions_there_is_no_test_prediction():
    world = make_small_world("binary")
    assert cross_fit("mean", world.oof, None, world.truth, world.folds, "binary").test is None


def test_memory_mapped_predictions_give_the_same_bytes(tmp_path):
    world = make_small_world("multiclass")
    np.save(tmp_path / "oof.npy", world.oof)
    mapped = np.load(tmp_path / "oof.npy", mmap_mode="r")
    for name in ("mean", "logistic"):
        ours = cross_fit(name, mapped, None, world.truth, world.folds, "multiclass").oof
        assert ours.tobytes() == cross_fit(name, world.oof, None, world.truth, world.folds, "multiclass").oof.tobytes()


def test_progress_counts_the_fits_and_says_what_is_going_on():
    world = make_small_world("binary")
    told = []
    cross_fit("ridge", world.oof, None, world.truth, world.folds, "binary", progress=lambda *step: told.append(step))

    assert [(done, total) for done, total, _ in told] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert told[1][2] == "ridge: fitting on the folds other than 1"


@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_a_run_stops_before_the_next_fit_when_it_is_told_to(stop_after):
    world = make_small_world("binary")
    done = []
    told = {"progress": lambda *step: done.append(step), "should_stop": lambda: len(done) >= stop_after}

    with pytest.raises(Cancelled):
        cross_fit("mean", world.oof, None, world.truth, world.folds, "binary", **told)
    assert len(done) == stop_after
    done.clear()
    with pytest.raises(Cancelled):
        nested_blend(world.oof, world.truth, world.folds, "mean", "binary_log_loss", **told)
    assert len(done) <= stop_after + 1


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", BLENDS)
def test_each_fold_is_blended_by_weights_found_on_the_others(name, task):
    world = make_small_world(task)
    found = nested_blend(world.oof, world.truth, world.folds, name, METRIC_OF[task])

    assert list(found.weights_by_fold) == [0, 1, 2]
    for fold, weights in found.weights_by_fold.items():
        rest, held = world.folds != fold, world.folds == fold
        # bags are drawn anew where there are other rows
        like = {"abs": 0.15} if name == "bagged_greedy" else {}
        assert weights == pytest.approx(BLENDS[name](world.oof[:, rest], world.truth[rest], METRIC_OF[task]), **like)
        assert (found.oof[held] == found.doubt.admit(blend(world.oof[:, held], weights))).all()
    assert found.weights == pytest.approx(BLENDS[name](world.oof, world.truth, METRIC_OF[task]), **like)
    assert (found.in_sample == found.doubt.admit(blend(world.oof, found.weights))).all()


@pytest.mark.parametrize("name", BLENDS)
def test_a_folds_truth_never_reaches_the_weights_that_blend_it(name):
    world = make_small_world("multiclass")
    held = world.folds == 2
    changed = world.truth.copy()
    changed[held] = (changed[held] + 1) % 3
    before = nested_blend(world.oof, world.truth, world.folds, name, "multiclass_log_loss")
    after = nested_blend(world.oof, changed, world.folds, name, "multiclass_log_loss")

    assert before.oof[held].tobytes() == after.oof[held].tobytes()
    if name in {"greedy", "simplex"}:
        assert (before.weights != after.weights).any()


def test_greedy_shows_its_path_over_all_rows():
    world = make_small_world("multiclass")
    found = nested_blend(world.oof, world.truth, world.folds, "greedy", "multiclass_log_loss", steps=7)

    assert found.path.picks.tolist() == greedy_path(world.oof, world.truth, "multiclass_log_loss", steps=7).picks.tolist()
    assert nested_blend(world.oof, world.truth, world.folds, "simplex", "multiclass_log_loss").path is None


@pytest.mark.parametrize(
    ("task", "metric", "judge"),
    [
        ("multilabel", "f_beta_samples_score", "binary_log_loss"),
        ("multiclass", "accuracy_score", "multiclass_log_loss"),
        ("regression", "quadratic_weighted_kappa_score", "rmse_loss"),
        ("binary", "roc_auc_score", "roc_auc_score"),
        ("regression", "mae_loss", "mae_loss"),
    ],
)
def test_a_metric_of_labels_leaves_the_weights_to_the_tasks_own_loss(task, metric, judge):
    world = make_small_world(task, rows=90)
    options = {"beta": 2.0} if metric.startswith("f_beta") else {}
    found = nested_blend(world.oof, world.truth, world.folds, "greedy", metric, options=options, steps=5)

    assert found.judged_by == judge
    assert found.weights == pytest.approx(greedy_path(world.oof, world.truth, judge, steps=5).weights)


def test_wrong_calls_are_refused_before_any_fit():
    world = make_small_world("multiclass")
    calls = [
        (RecipeInvalid, {"method": "lasso"}),
        (RecipeInvalid, {"settings": {"trees": 3}}),
        (ShapeMismatch, {"test": world.test[:2]}),
        (ShapeMismatch, {"test": world.test[:, :, :2]}),
        (ShapeMismatch, {"folds": world.folds[1:]}),
        (ShapeMismatch, {"truth": world.truth[1:]}),
        (FoldsInvalid, {"folds": np.zeros_like(world.folds)}),
    ]
    usual = {
        "method": "mean",
        "oof": world.oof,
        "test": world.test,
        "truth": world.truth,
        "folds": world.folds,
        "task": "multiclass",
    }
    for error, change in calls:
        with pytest.raises(error):
            cross_fit(**{**usual, **change, "progress": lambda *_: pytest.fail("began")})
    with pytest.raises(RecipeInvalid):
        nested_blend(world.oof, world.truth, world.folds, "median", "multiclass_log_loss")
