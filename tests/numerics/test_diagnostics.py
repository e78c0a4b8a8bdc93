"""What is wrong is found, with its numbers; what is honest is left in peace."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold
from stackyard.errors import ShapeMismatch
from stackyard.numerics.diagnostics import CHECKS, diagnose
from stackyard.numerics.duplicates import ROUNDING, find_duplicates
from stackyard.numerics.evaluation import score_by_fold
from stackyard.numerics.findings import SEVERITIES
from stackyard.numerics.fold_values import outlying_folds
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.other_folds import trace_chance
from stackyard.numerics.row_order import permutation_z
from stackyard.numerics.rows_of_models import Models
from stackyard.numerics.shift import column_shifts

from tests.numerics.second_level import METRIC_OF, TASKS, make_small_world


def models_of(world, task, **changes):
    metric = METRICS[METRIC_OF[task]]
    names = [chr(97 + place) for place in range(len(world.oof))]
    fields = {"names": names, "oof": list(world.oof), "test": list(world.test), "truth": world.truth, "folds": world.folds, "task": task}
    values = np.array([score_by_fold(metric, world.truth, oof, world.folds, {}) for oof in fields["oof"]], float)
    return Models(**{**fields, "fold_values": values, "higher_is_better": metric.higher_is_better, **changes})


def honest(task, seed=0, **changes):
    return models_of(make_small_world(task, seed=seed, rows=1200, fold_count=5), task, **changes)


def with_model(models, place, **changes):
    """Put other arrays in a model's place; its metric by fold follows."""
    made = {
        kind: [changes.get(kind, row) if at == place else row for at, row in enumerate(getattr(models, kind))] for kind in ("oof", "test")
    }
    metric = METRICS[METRIC_OF[models.task]]
    values = np.array([score_by_fold(metric, models.truth, oof, models.folds, {}) for oof in made["oof"]], float)
    return replace(models, **made, fold_values=values)


def told(models):
    return [(finding.kind, finding.models) for finding in diagnose(models)]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", range(4))
def test_honest_models_are_left_in_peace(task, seed):
    assert diagnose(honest(task, seed)) == []


def read_spooky(folder):
    import polars as pl

    oof, test = pl.read_parquet(folder / "spooky-oof" / "oof.parquet"), pl.read_parquet(folder / "spooky-oof" / "test.parquet")
    classes = ["EAP", "HPL", "MWS"]
    names = sorted({column.split("__")[0] for column in oof.columns if "__" in column})
    arrays = [
        [table.select([f"{name}__{kind}" for kind in classes]).to_numpy().astype(np.float32) for name in names] for table in (oof, test)
    ]
    truth, folds = np.searchsorted(np.array(classes), oof["author"].to_numpy()), oof["fold"].to_numpy()
    values = np.array([score_by_fold(METRICS["multiclass_log_loss"], truth, values, folds, {}) for values in arrays[0]])
    return Models(names, arrays[0], truth, folds, "multiclass", arrays[1], classes, values, higher_is_better=False)


@pytest.fixture(scope="module")
def spooky(shared_data):
    """Return six real models, with their real test predictions and folds."""
    return read_spooky(shared_data)


def test_six_real_models_are_left_in_peace(spooky):
    assert diagnose(spooky) == []


# The same predictions twice


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


# Rows in another order


@pytest.mark.parametrize("task", TASKS)
def test_a_model_whose_rows_are_shuffled_is_found(task):
    models = honest(task)
    order = np.random.default_rng(1).permutation(len(models.truth))
    found = [finding for finding in diagnose(with_model(models, 2, oof=models.oof[2][order])) if finding.kind == "permuted_rows"]

    assert [(finding.models, finding.severity) for finding in found] == [((2,), "severe")]
    assert found[0].numbers["folds"] == [0, 1, 2, 3, 4]
    assert found[0].numbers["z_of_other_models"] > 10
    assert found[0].numbers["sorted_likeness"] > 0.9
    assert "the ids probably belong to other rows" in found[0].sentence


def test_a_shuffle_within_one_fold_is_found_there(spooky):
    order = np.arange(len(spooky.truth))
    inside = np.flatnonzero(spooky.folds == 3)
    order[inside] = np.random.default_rng(0).permutation(inside)
    found = diagnose(with_model(spooky, 1, oof=spooky.oof[1][order]))
    shuffled = next(finding for finding in found if finding.kind == "permuted_rows")

    assert (shuffled.models, shuffled.numbers["folds"]) == ((1,), [3])
    assert "fold 3" in shuffled.sentence


def test_rows_of_two_that_were_shuffled_are_found_for_both(spooky):
    random = np.random.default_rng(0)
    for place in (0, 4):
        spooky = with_model(spooky, place, oof=spooky.oof[place][random.permutation(len(spooky.truth))])

    assert {finding.models for finding in CHECKS["permuted_rows"](spooky)} == {(0,), (4,)}


def test_noise_that_was_never_a_model_is_told_from_a_shuffled_one():
    models = honest("binary")
    jumps = (np.random.default_rng(1).random(1200) < 0.01).astype(np.float32)
    (found,) = CHECKS["permuted_rows"](with_model(models, 1, oof=jumps))

    assert found.sentence.endswith("shuffled, or without any signal.")


def test_a_weak_model_and_one_without_company_are_left_in_peace():
    models = honest("binary")
    weak = (0.5 + 0.02 * (models.oof[0] - 0.5) + 0.02 * np.random.default_rng(0).normal(size=1200)).astype(np.float32)
    alone = replace(models, names=["a"], oof=models.oof[:1], test=(), fold_values=np.empty((0, 0)))

    assert CHECKS["permuted_rows"](with_model(models, 3, oof=np.clip(weak, 0, 1))) == []
    assert CHECKS["permuted_rows"](alone) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_the_z_of_random_orders_is_standard_normal(seed, columns):
    random = np.random.default_rng(seed)
    # columns that hang together, as those of probabilities do
    one, other = (np.cumsum(random.exponential(size=(60, columns)), axis=1) for _ in range(2))
    z = [permutation_z(one[random.permutation(60)], other) for _ in range(200)]

    assert abs(np.mean(z)) < 0.4
    assert 0.7 < np.std(z) < 1.3


# Not out of fold at all


def made_in_sample(models, place):
    """Let a model say of each row what it should, as one does that has seen it, and leave its test predictions alone."""
    sure = 0.02 + 0.96 * models.targets() if models.task != "multiclass" else 0.02 + 0.94 * models.targets()
    return with_model(models, place, oof=sure.reshape(models.oof[place].shape).astype(np.float32))


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_a_model_that_has_seen_the_rows_is_found(task):
    found = [finding for finding in diagnose(made_in_sample(honest(task), 1)) if finding.kind == "in_sample"]

    assert [finding.models for finding in found] == [(1,)]
    assert found[0].numbers["errors"] == 0.0
    assert found[0].numbers["expected_errors_on_test"] > 0.05


def test_a_real_model_that_has_seen_the_rows_is_found(spooky):
    """Each row's own label moves what the real model says, as far as a memory does; its test predictions stay those of the real model."""
    odds = np.log(np.clip(spooky.oof[2], 1e-6, 1)) + 4.0 * spooky.targets()
    seen = np.exp(odds - odds.max(axis=1, keepdims=True))
    found = diagnose(with_model(spooky, 2, oof=(seen / seen.sum(axis=1, keepdims=True)).astype(np.float32)))

    assert (found[0].kind, found[0].models, found[0].severity) == ("in_sample", (2,), "severe")
    assert "lead" in found[0].numbers
    assert found[0].numbers["expected_errors_on_test"] > 3 * found[0].numbers["errors"]


def test_overconfidence_alone_is_not_held_against_a_model(spooky):
    overconfident = spooky.names.index("m4_roberta_large_6ep")

    assert [finding for finding in CHECKS["in_sample"](spooky) if overconfident in finding.models] == []


def read_tags(folder):
    """Return the truth and the real in-sample tags of the train rows, and that author's tags for the test rows; classes in order."""
    import polars as pl

    labels = pl.read_csv(folder / "planet-labels" / "train_labels.csv.gz")
    seen = pl.read_csv(folder / "planet-tag-submissions" / "train_tags_in_sample.csv.gz")
    masks = pl.read_parquet(
        folder / "planet-tag-submissions" / "test_tags_bitmask.parquet", columns=["dingran_keras_pred_model_0p10386_BM0"]
    )
    names = sorted({tag for tags in labels["tags"] for tag in tags.split()})
    seen = labels.select("image_name").join(seen, on="image_name", maintain_order="left")
    truth, tags = (np.array([[name in row for name in names] for row in map(str.split, table["tags"])]) for table in (labels, seen))
    bits = masks.to_series().to_numpy()[:, None] >> np.arange(len(names)) & 1
    return truth, tags.astype(np.float32), bits.astype(np.float32), names


def test_real_tags_made_for_the_rows_of_the_training_are_found(shared_data):
    """0.877 on the rows it was trained on, among models of 0.7 to 0.8; and other tags on the test rows than on those."""
    truth, tags, test, names = read_tags(shared_data)
    random = np.random.default_rng(0)
    folds = random.permutation(np.arange(len(truth)) % 5)
    honest_oof = [np.where(random.random(truth.shape) < wrong, ~truth, truth).astype(np.float32) for wrong in (0.09, 0.11, 0.13)]
    honest_test = [oof[random.permutation(len(oof))[:20_000]] for oof in honest_oof]
    oof = [*honest_oof, tags]
    values = np.array([score_by_fold(METRICS["f_beta_samples_score"], truth, labels, folds, {"beta": 2.0}) for labels in oof])
    models = Models(["x", "y", "z", "seen"], oof, truth, folds, "multilabel", [*honest_test, test[:20_000]], names, values)
    found = diagnose(models)

    assert values[3].mean() == pytest.approx(0.87746, abs=1e-4)
    assert [(finding.kind, finding.models) for finding in found] == [("in_sample", (3,)), ("shift", (3,)), ("constant", (3,))]
    assert found[0].numbers["lead"] > 0.03


def test_a_fold_that_was_trained_on_is_found(spooky):
    inside = spooky.folds == 2
    odds = np.log(np.clip(spooky.oof[2], 1e-6, 1)) + 6.0 * spooky.targets() * inside[:, None]
    leaked = np.exp(odds - odds.max(axis=1, keepdims=True))
    (found,) = CHECKS["fold_out_of_line"](with_model(spooky, 2, oof=(leaked / leaked.sum(axis=1, keepdims=True)).astype(np.float32)))

    assert (found.models, found.severity, found.numbers["fold"], found.numbers["better"]) == ((2,), "severe", 2, True)
    assert "were its rows trained on?" in found.sentence


def test_a_hard_fold_is_nobodys_fault_and_equal_models_raise_no_more_alarms_than_they_may():
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(300):
        values = 0.5 + random.normal(0, 0.01, (6, 5)) + np.array([0, 0, 0.3, 0, 0])
        alarms += outlying_folds(values)[0].any()

    assert alarms <= 9  # 1% of 300, and three standard deviations more


@pytest.mark.parametrize("values", [np.full((3, 5), 0.5), np.array([[0.1, 0.2, np.nan, 0.3, 0.2]]), np.array([[0.1, 0.2, 0.9]])])
def test_equal_missing_and_few_folds_say_nothing(values):
    assert not outlying_folds(values)[0].any()


# Test rows that are other rows


@pytest.mark.parametrize("task", TASKS)
def test_a_shift_of_one_model_is_its_own(task):
    models = honest(task)
    moved = models.test[0] * 0.6 if task != "regression" else models.test[0] + 10
    found = [finding for finding in diagnose(with_model(models, 0, test=moved.astype(np.float32))) if finding.kind == "shift"]

    assert [finding.models for finding in found] == [(0,)]
    worst = found[0].numbers["columns"][0]
    assert abs(worst["effect"]) > 0.2
    assert abs(worst["errors"]) > 4
    assert worst["distance"] > 0.1


def test_a_shift_of_all_models_is_told_once_a_column():
    models = honest("multilabel")
    found = diagnose(replace(models, test=[test * np.array([0.5, 1, 1], np.float32) for test in models.test]))

    assert [(finding.kind, finding.models, finding.numbers["column"]) for finding in found] == [("shift", (0, 1, 2, 3), "column 0")]
    assert found[0].sentence.startswith("4 of 4 models expect less of column 0 on the test rows")


def test_averaging_the_folds_models_is_no_shift(spooky):
    distances = [
        shift.distance
        for oof, test in zip(spooky.oof, spooky.test, strict=True)
        for shift in column_shifts(oof, test, spooky.folds, spooky.classes)
    ]

    assert max(distances) > 0.1
    assert CHECKS["shift"](spooky) == []


def test_a_column_without_spread_has_no_finite_effect_but_numbers_all_the_same():
    folds = np.array([0, 1, 0, 1])
    same, other = (column_shifts(np.full(4, 0.5), np.full(3, value), folds, ["p"])[0] for value in (0.5, 0.6))

    assert (same.effect, same.errors, same.is_large) == (0.0, 0.0, False)
    assert (other.effect, other.is_large) == (1e6, True)


def test_columns_that_say_the_same_everywhere_are_found():
    models = honest("multilabel")
    flat = models.oof[1].copy()
    flat[:, 2] = 0.25
    (found,) = CHECKS["constant"](with_model(models, 1, oof=flat))

    assert (found.models, found.numbers) == ((1,), {"oof": ["column 2"], "test": []})
    assert found.sentence == "b says the same in every row for column 2 out of fold."


# Made on other folds


def fold_numbers(truth, seed):
    made = np.empty(len(truth), np.int16)
    for fold, (_, held) in enumerate(StratifiedKFold(5, shuffle=True, random_state=seed).split(truth, truth)):
        made[held] = fold
    return made


def test_real_models_made_on_other_folds_are_found_where_they_left_a_trace(spooky):
    """The real models were made on scikit-learn's folds of seed 42; were the competition's those of seed 7, two of them would show it."""
    found = diagnose(replace(spooky, folds=fold_numbers(spooky.truth, 7), fold_values=np.empty((0, 0))))

    assert [(finding.kind, finding.models) for finding in found] == [("other_folds", (0,)), ("other_folds", (4,))]
    assert {finding.numbers["others"] for finding in found} == {"StratifiedKFold(5, shuffle, seed 42)"}


def test_rows_that_are_easy_at_the_start_are_nobodys_folds():
    models = honest("binary")
    easy = np.where(np.arange(1200) < 240, 0.9, 0.6)
    oof = [np.where(models.truth == 1, easy, 1 - easy) + 0.01 * np.random.default_rng(seed).random(1200) for seed in range(4)]

    assert CHECKS["other_folds"](replace(models, oof=oof)) == []
    assert CHECKS["other_folds"](replace(models, names=["a"], oof=oof[:1], test=(), fold_values=np.empty((0, 0)))) == []


def test_the_chance_of_a_trace_is_uniform_without_one():
    random = np.random.default_rng(0)
    chances = [trace_chance(random.normal(size=200), random.permutation(np.arange(200) % 5)) for _ in range(400)]

    assert 0.45 < np.mean(chances) < 0.55
    assert trace_chance(np.arange(20) % 4 + 0.01 * np.arange(20), np.arange(20) % 4) < 1e-6
    assert trace_chance(np.ones(20), np.arange(20) % 4) == 1.0


# All together


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(TASKS), st.integers(0, 1000))
def test_the_order_of_rows_and_models_does_not_matter(task, seed):
    random = np.random.default_rng(seed)
    models = honest(task, seed % 4)
    models = made_in_sample(models, 1) if task != "regression" else with_model(models, 1, test=models.test[1] + 20)
    models = with_model(models, 2, oof=models.oof[2][random.permutation(1200)])
    rows, order = random.permutation(1200), random.permutation(4)
    moved = replace(
        models,
        oof=[models.oof[place][rows] for place in order],
        test=[models.test[place] for place in order],
        truth=models.truth[rows],
        folds=models.folds[rows],
        fold_values=models.fold_values[order],
    )
    before = {(kind, tuple(places)) for kind, places in told(models)}
    after = {(kind, tuple(sorted(int(order[place]) for place in places))) for kind, places in told(moved)}

    assert {case for case in after if case[0] != "other_folds"} == {case for case in before if case[0] != "other_folds"}
    assert ("permuted_rows", (2,)) in before


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("task", TASKS)
def test_few_rows_and_no_test_predictions_are_no_trouble(task, rows):
    world = make_small_world(task, rows=30)
    oof = [model[:rows] for model in world.oof]
    models = Models(list("abcd"), oof, world.truth[:rows], np.arange(rows) % 2, task, [None, *(model[:1] for model in world.test[1:])])

    assert {finding.severity for finding in diagnose(models)} <= set(SEVERITIES)


def test_the_most_severe_comes_first():
    models = with_model(honest("binary"), 2, oof=np.flip(honest("binary").oof[2]).copy())
    found = diagnose(replace(models, oof=[models.oof[0], models.oof[0], *models.oof[2:]]))

    assert [finding.severity for finding in found] == ["severe", "warning"]
    assert {finding.kind for finding in found} <= set(CHECKS)


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ShapeMismatch):
        Models(["a", "b"], [np.zeros(3), np.zeros(4)], np.zeros(3), np.zeros(3, int), "binary")
    with pytest.raises(ShapeMismatch):
        Models([], [], np.zeros(3), np.zeros(3, int), "binary")
