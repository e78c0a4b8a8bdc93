"""Gains equal what blends made anew say; noise gains nothing; and each model's weight has its reason."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from stackyard.errors import FoldsInvalid, UnknownMetric
from stackyard.numerics.blending import blend, greedy_weights
from stackyard.numerics.contributions import contributions
from stackyard.numerics.diversity import compare_models
from stackyard.numerics.doubt import Doubt
from stackyard.numerics.duplicates import find_duplicates
from stackyard.numerics.evaluation import evaluate
from stackyard.numerics.left_out import explain_weights
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.stacking import nested_blend
from stackyard.numerics.truth_cells import truth_cells

from tests.numerics.second_level import METRIC_OF, TASKS, SmallWorld, make_small_world

STEPS = 12


def sigmoid(logits):
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def two_opinions(rows=1200):
    """Return a world, and the logits of two models that each know one half of what there is to know."""
    random = np.random.default_rng(0)
    one, two = random.normal(0, 1.5, (2, rows))
    truth = (random.random(rows) < sigmoid(one + two)).astype(int)
    return SmallWorld(np.empty(0), np.empty(0), truth, np.arange(rows) % 4), one, two


def doubt_in(world, metric):
    return Doubt.of(metric, len(world.truth), world.oof.shape[2] if world.oof.ndim == 3 else 1)


def judge_anew(world, metric, mixed):
    return metric(world.truth, doubt_in(world, metric).admit(mixed))


def mixed_anew(world, weights_by_fold):
    """Blend each fold by weights of its own, from the beginning."""
    mixed = np.empty(world.oof.shape[1:])
    for fold, weights in enumerate(weights_by_fold):
        inside = world.folds == fold
        mixed[inside] = np.tensordot(weights / weights.sum(), world.oof[:, inside].astype(np.float64), axes=1)
    return mixed


@pytest.mark.parametrize("task", TASKS)
def test_the_blend_is_the_nested_greedy_one(task):
    world = make_small_world(task, seed=1)
    found = contributions(list(world.oof), world.truth, world.folds, task, METRIC_OF[task], steps=STEPS)
    nested = nested_blend(world.oof, world.truth, world.folds, "greedy", METRIC_OF[task], steps=STEPS)

    assert found.weights_by_fold == pytest.approx(np.stack(list(nested.weights_by_fold.values())))
    assert found.path.weights == pytest.approx(nested.weights)
    assert found.value == pytest.approx(METRICS[METRIC_OF[task]](world.truth, nested.oof), rel=1e-6)


@pytest.mark.parametrize(
    ("task", "metric"), [("binary", "binary_log_loss"), ("multiclass", "multiclass_log_loss"), ("multilabel", "f_beta_samples_score")]
)
def test_one_row_that_all_models_get_surely_wrong_counts_as_in_an_ensembles_blend(task, metric):
    world = make_small_world(task, seed=2)
    world.oof[:, 0] = 1.0 - world.truth[0] if task != "multiclass" else np.eye(world.oof.shape[2])[world.truth[0] - 1]
    found = contributions(list(world.oof), world.truth, world.folds, task, metric, steps=STEPS)
    nested = nested_blend(world.oof, world.truth, world.folds, "greedy", metric, steps=STEPS)

    assert found.value == pytest.approx(evaluate(world.truth, nested.oof, world.folds, task, metric).score, rel=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_dropping_a_model_is_worth_what_the_blend_made_anew_without_it_loses(task):
    world = make_small_world(task, seed=4)
    metric = METRICS[METRIC_OF[task]]
    found = contributions(list(world.oof), world.truth, world.folds, task, metric.name, steps=STEPS)
    for model in range(len(world.oof)):
        left = found.weights_by_fold.copy()
        left[:, model] = 0
        left[left.sum(axis=1) == 0] = np.arange(len(world.oof)) != model
        loss = judge_anew(world, metric, mixed_anew(world, left)) - judge_anew(world, metric, mixed_anew(world, found.weights_by_fold))
        assert found.drop_gain[model] == pytest.approx(loss, abs=1e-6 * max(1, found.value))


@pytest.mark.parametrize("task", TASKS)
def test_adding_a_model_is_worth_what_its_best_share_on_the_other_folds_gains(task):
    world = make_small_world(task, seed=3)
    metric = METRICS[METRIC_OF[task]]
    found = contributions(list(world.oof), world.truth, world.folds, task, metric.name, steps=3)
    base = mixed_anew(world, found.weights_by_fold)
    for model in range(len(world.oof)):
        shares = [best_share_by_search(world, metric, found.weights_by_fold[fold], model, fold) for fold in range(3)]
        by_row = np.array(shares)[world.folds].reshape(-1, *[1] * (base.ndim - 1))
        gain = judge_anew(world, metric, base) - judge_anew(world, metric, (1 - by_row) * base + by_row * world.oof[model])
        assert found.add_share[model] == pytest.approx(np.mean(shares), abs=1e-3)
        assert found.add_gain[model] == pytest.approx(gain, abs=1e-5 * max(1, found.value))


def best_share_by_search(world, metric, weights, model, fold):
    rest = world.folds != fold
    truth, base = world.truth[rest], np.tensordot(weights, world.oof[:, rest].astype(np.float64), axes=1)

    def loss(share):
        return metric(truth, doubt_in(world, metric).admit((1 - share) * base + share * world.oof[model][rest]))

    best = minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-6})
    return 0.0 if loss(0.0) <= best.fun + 1e-12 else best.x


@pytest.mark.parametrize(
    ("task", "metric", "options"),
    [
        ("multilabel", "f_beta_samples_score", {"beta": 2.0}),
        ("multilabel", "roc_auc_score", {}),
        ("multiclass", "accuracy_score", {}),
        ("binary", "f1_score", {}),
        ("regression", "mae_loss", {}),
    ],
)
def test_other_metrics_judge_a_blend_that_the_loss_found(task, metric, options):
    world = make_small_world(task, seed=4, rows=180)
    found = contributions(list(world.oof), world.truth, world.folds, task, metric, options, steps=STEPS)
    mixed = doubt_in(world, METRICS[found.searched_by]).admit(mixed_anew(world, found.weights_by_fold))
    judged = evaluate(world.truth, mixed, world.folds, task, metric, options)

    assert found.searched_by == ("rmse_loss" if task == "regression" else METRIC_OF[task])
    assert found.value == pytest.approx(judged.score)
    assert found.path.weights == pytest.approx(greedy_weights(world.oof, world.truth, found.searched_by, steps=STEPS))
    assert found.drop_gain[0] > 0


def test_where_a_fold_has_one_model_only_its_loss_is_judged_against_the_mean_of_the_others():
    world = make_small_world("binary", seed=0, models=3)
    oof = [world.oof[0], np.full_like(world.oof[0], 0.999), np.full_like(world.oof[0], 0.001)]
    found = contributions(oof, world.truth, world.folds, "binary", "binary_log_loss", steps=1)
    rest = METRICS["binary_log_loss"](world.truth, np.full(len(world.truth), 0.5))

    assert found.weights_by_fold.tolist() == [[1, 0, 0]] * 3
    assert found.drop_gain.tolist() == pytest.approx([rest - found.value, 0, 0])


def test_the_only_model_cannot_be_dropped():
    world = make_small_world("binary", models=1)
    found = contributions(list(world.oof), world.truth, world.folds, "binary", "binary_log_loss")

    assert np.isnan(found.drop_gain).all()
    assert found.add_gain.tolist() == [0.0]
    assert explain_weights(["a"], np.zeros(1), np.ones((1, 1)), [], found)[0].sentence == "a is the only model."


@given(st.sampled_from(TASKS), st.integers(0, 1000))
def test_the_order_of_rows_and_models_does_not_matter(task, seed):
    world, random = make_small_world(task, seed=seed, rows=90), np.random.default_rng(seed)
    rows, models = random.permutation(90), random.permutation(4)
    before = contributions(list(world.oof), world.truth, world.folds, task, METRIC_OF[task], steps=STEPS)
    shuffled = list(world.oof[models][:, rows])
    after = contributions(shuffled, world.truth[rows], world.folds[rows], task, METRIC_OF[task], steps=STEPS)

    assert after.value == pytest.approx(before.value, rel=1e-6)
    assert after.drop_gain == pytest.approx(before.drop_gain[models], abs=1e-5 * max(1, before.value))
    assert after.add_gain == pytest.approx(before.add_gain[models], abs=1e-5 * max(1, before.value))


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_with_permuted_labels_no_further_model_gains_beyond_noise(task):
    by_world, all_of_them = [], []
    for seed in range(16):
        world = make_small_world(task, seed=seed, rows=300, models=6)
        truth = np.random.default_rng(seed).permutation(world.truth)
        found = contributions(list(world.oof), truth, world.folds, task, METRIC_OF[task])
        tried = found.add_noise > 0
        all_of_them.extend(found.add_gain[tried] / found.add_noise[tried])
        by_world.append(found.add_gain.mean())

    assert len(all_of_them) > 20
    assert max(all_of_them) < 4
    # models of one world share its labels: a world counts once
    assert np.mean(by_world) < 3 * np.std(by_world, ddof=1) / 4


def test_a_model_with_signal_gains_beyond_noise():
    world, one, two = two_opinions()
    models = [sigmoid(one), sigmoid(two)]
    found = contributions(models, world.truth, world.folds, "binary", "binary_log_loss", steps=1)
    other = int(found.path.weights.argmin())

    assert found.add_gain[other] > 3 * found.add_noise[other]
    assert found.drop_gain[1 - other] > 0


def test_probabilities_of_nought_and_one_stay_finite():
    truth, folds = np.arange(40) % 2, np.arange(40) % 4
    sure, wrong = truth.astype(np.float32), 1.0 - truth.astype(np.float32)
    found = contributions([sure, wrong], truth, folds, "binary", "binary_log_loss")

    assert np.isfinite([found.value, *found.add_gain, *found.drop_gain]).all()
    assert found.path.weights.tolist() == [1.0, 0.0]


def test_what_cannot_be_nested_is_refused():
    world = make_small_world("binary")
    with pytest.raises(FoldsInvalid):
        contributions(list(world.oof), world.truth, np.zeros(240, int), "binary", "binary_log_loss")
    with pytest.raises(UnknownMetric):
        contributions(list(world.oof), world.truth, world.folds, "binary", "rmse_loss")


def explain(models, world, **changes):
    found = replace(contributions(models, world.truth, world.folds, "binary", "binary_log_loss"), **changes)
    values = np.array([METRICS["binary_log_loss"](world.truth, model) for model in models])
    names = [chr(97 + place) for place in range(len(models))]
    return explain_weights(names, values, compare_models(models, "binary").pearson, find_duplicates(models), found)


def test_each_model_without_weight_has_its_reason():
    world, one, two = two_opinions()
    # the third repeats the first, the fourth is of the same opinion but far from sure, the last knows nothing
    reasons = explain(
        [sigmoid(one), sigmoid(two), sigmoid(one), sigmoid(0.3 * one), np.random.default_rng(1).random(1200, np.float32)], world
    )

    assert [reason.kind for reason in reasons] == ["used", "used", "duplicate", "covered", "no_help"]
    assert reasons[2].sentence == "c predicts the same as a, which is in the blend."
    assert reasons[3].twin == 0
    assert reasons[3].numbers["worse_by"] > 0
    assert reasons[3].numbers["correlation"] > 0.99
    assert "worse than a by" in reasons[3].sentence
    assert reasons[4].numbers["share"] == 0.0


def test_where_no_share_helps_no_gain_is_told_of():
    world, one, two = two_opinions()
    models = [sigmoid(one), sigmoid(two), sigmoid(0.3 * one)]
    zeros = np.zeros(3)
    covered = explain(models, world, add_gain=zeros, add_noise=zeros, add_share=zeros)[2]

    assert covered.kind == "covered"
    assert covered.sentence.endswith("so that a says it already; no share of it makes the blend better on the folds it is tried on.")


@pytest.mark.parametrize(("gain", "kind"), [(0.01, "helps_little"), (0.0001, "within_noise")])
def test_a_gain_counts_only_beyond_its_noise(gain, kind):
    world = make_small_world("binary", rows=300)
    noise = np.random.default_rng(0).random(300, np.float32)
    zeros = np.zeros(4)
    changed = {"add_gain": np.array([0, 0, 0, gain]), "add_noise": zeros + 0.001, "add_share": zeros + 0.01}
    reasons = explain([*world.oof[:3], noise], world, **changed)

    assert reasons[3].kind == kind


def test_real_models_gain_and_lose_as_recomputed(shared_data):
    import polars as pl

    table = pl.read_parquet(shared_data / "spooky-oof" / "oof.parquet")
    classes = ["EAP", "HPL", "MWS"]
    names = sorted({column.split("__")[0] for column in table.columns if "__" in column})
    oof = np.stack([table.select([f"{name}__{kind}" for kind in classes]).to_numpy().astype(np.float32) for name in names])
    truth = np.searchsorted(np.array(classes), table["author"].to_numpy())
    folds = table["fold"].to_numpy()
    found = contributions(list(oof), truth, folds, "multiclass", "multiclass_log_loss")
    cells = truth_cells(oof, truth).astype(np.float64)
    weights = found.weights_by_fold[folds].T
    without = np.delete(weights, 2, axis=0)
    doubt = Doubt.of(METRICS["multiclass_log_loss"], len(truth), 3)
    dropped = -np.log(doubt.admit((np.delete(cells, 2, axis=0) * without).sum(axis=0) / without.sum(axis=0))).mean()

    assert found.value == pytest.approx(-np.log(doubt.admit((cells * weights).sum(axis=0))).mean(), abs=1e-6)
    assert found.drop_gain[2] == pytest.approx(dropped - found.value, abs=1e-6)
    assert blend(oof, found.path.weights).shape == (19_579, 3)
    assert found.value < 0.272
    values = np.array([METRICS["multiclass_log_loss"](truth, model) for model in oof])
    reasons = explain_weights(names, values, compare_models(oof, "multiclass").pearson, find_duplicates(oof), found)
    assert [reason.kind for reason in reasons] == ["used"] * 5 + ["no_help"]
    assert reasons[5].numbers["worse_by"] > 0.05
