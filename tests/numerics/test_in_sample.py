"""Predictions that were made for the rows of the training are found, whole or in one fold; overconfidence is no crime."""

import numpy as np
import pytest
from stackyard.numerics.diagnostics import CHECKS, diagnose
from stackyard.numerics.evaluation import score_by_fold
from stackyard.numerics.fold_values import outlying_folds
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.rows_of_models import Models

from tests.numerics.suspects import honest, made_in_sample, with_model


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
