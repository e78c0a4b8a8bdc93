"""The second level on real out-of-fold predictions: six models of "Spooky Author Identification"."""

import numpy as np
import polars as pl
import pytest
from stackyard.numerics.metrics import METRICS
from stackyard.numerics.recipes import DEFAULT_LEVEL2
from stackyard.numerics.stacking import cross_fit, nested_blend

# tests/end_to_end/test_spooky.py holds the default ensemble to its bound in every run; here each method is looked at by itself.
pytestmark = pytest.mark.slow
CLASSES = ["EAP", "HPL", "MWS"]
LOSS = METRICS["multiclass_log_loss"]
# The end-to-end test runs the default settings; these take a third of the time and lose 0.0003.
LIGHTER = {"extra_trees": {"trees": 50}, "neural_net": {"seeds": 2, "steps": 600}}


@pytest.fixture(scope="module")
def spooky(shared_data):
    """Return six models' predictions (6, 19579, 3), the truth and the folds."""
    frame = pl.read_parquet(shared_data / "spooky-oof" / "oof.parquet")
    models = sorted({name.split("__")[0] for name in frame.columns if "__" in name})
    oof = np.stack([frame.select([f"{model}__{name}" for name in CLASSES]).to_numpy() for model in models]).astype(np.float32)
    truth = np.array([CLASSES.index(author) for author in frame["author"]])
    return oof, truth, frame["fold"].to_numpy()


@pytest.fixture(scope="module")
def level2(spooky):
    oof, truth, folds = spooky
    return {name: cross_fit(name, oof, None, truth, folds, "multiclass", settings=LIGHTER.get(name)).oof for name in DEFAULT_LEVEL2}


def test_each_method_reaches_what_it_is_known_for(spooky, level2):
    losses = {name: LOSS(spooky[1], prediction) for name, prediction in level2.items()}

    assert losses["mean"] == pytest.approx(0.28950, abs=1e-5)
    assert losses["geometric_mean"] == pytest.approx(0.28022, abs=1e-5)
    assert losses["rank_mean"] < 0.272
    assert losses["ridge"] < 0.276
    assert losses["logistic"] < 0.2450
    assert losses["extra_trees"] < 0.258
    assert losses["neural_net"] < 0.2440


@pytest.mark.parametrize("blend_name", ["greedy", "simplex"])
def test_the_default_ensembles_nested_loss_is_at_most_0_2440(spooky, level2, blend_name):
    oof, truth, folds = spooky
    candidates = np.concatenate([np.stack(list(level2.values())), oof])
    found = nested_blend(candidates, truth, folds, blend_name, "multiclass_log_loss")

    assert LOSS(truth, found.in_sample) < LOSS(truth, found.oof) <= 0.2440


def test_blending_the_six_models_alone_beats_their_mean_and_the_second_level_beats_that(spooky, level2):
    oof, truth, folds = spooky
    level1 = LOSS(truth, nested_blend(oof, truth, folds, "simplex", "multiclass_log_loss").oof)

    assert LOSS(truth, level2["logistic"]) < level1 < LOSS(truth, level2["mean"])


def test_shuffled_authors_leave_nothing_to_learn(spooky):
    oof, truth, folds = spooky
    shuffled = np.random.default_rng(0).permutation(truth)
    entropy = LOSS(truth, np.tile(np.bincount(truth) / len(truth), (len(truth), 1)))
    learned = [cross_fit(name, oof, None, shuffled, folds, "multiclass").oof for name in ("ridge", "logistic")]
    blended = nested_blend(np.concatenate([np.stack(learned), oof]), shuffled, folds, "simplex", "multiclass_log_loss").oof

    for prediction in [*learned, blended]:
        assert LOSS(shuffled, prediction) == pytest.approx(entropy, abs=0.003)
