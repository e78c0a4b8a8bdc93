"""Correlations, disagreement and clusters equal what scipy and plain loops say, whatever the order of rows and models."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, rankdata, spearmanr
from stackyard.errors import ShapeMismatch
from stackyard.numerics import diversity
from stackyard.numerics.diversity import compare_models, label_disagreement
from stackyard.numerics.rows_of_models import logits_of, spread_rows

from tests.numerics.second_level import TASKS, make_small_world


def centred(values):
    columns = values.reshape(len(values), -1).astype(np.float64)
    return (columns - columns.mean(axis=0)).ravel()


@pytest.mark.parametrize("task", TASKS)
def test_both_correlations_are_those_of_scipy(task):
    world = make_small_world(task, seed=5, rows=300)
    found = compare_models(world.oof, task)
    for one in range(len(world.oof)):
        for other in range(one):
            a, b = world.oof[one], world.oof[other]
            by_logits = pearsonr(centred(logits_of(a, task)), centred(logits_of(b, task))).statistic
            by_ranks = pearsonr(centred(rankdata(a, axis=0)), centred(rankdata(b, axis=0))).statistic
            assert found.pearson[one, other] == pytest.approx(by_logits, abs=1e-5)
            assert found.spearman[one, other] == pytest.approx(by_ranks, abs=1e-5)


def test_with_one_column_the_ranks_correlate_as_spearman_says_ties_and_all():
    random = np.random.default_rng(0)
    models = [random.integers(0, 5, 500) / 4, random.integers(0, 9, 500) / 8]

    assert compare_models(models, "binary").spearman[0, 1] == pytest.approx(spearmanr(*models).statistic, abs=1e-6)


@given(st.sampled_from(TASKS), st.integers(0, 1000))
def test_the_order_of_rows_and_models_does_not_matter(task, seed):
    world, random = make_small_world(task, seed=seed, rows=60, models=5), np.random.default_rng(seed)
    rows, models = random.permutation(60), random.permutation(5)
    before, after = compare_models(world.oof, task), compare_models(world.oof[models][:, rows], task)

    assert after.pearson == pytest.approx(before.pearson[np.ix_(models, models)], abs=1e-4)
    assert after.spearman == pytest.approx(before.spearman[np.ix_(models, models)], abs=1e-5)
    assert after.redundancy == pytest.approx(before.redundancy[models], abs=1e-2)
    assert after.effective == pytest.approx(before.effective, rel=1e-3)
    together = [clusters[:, None] == clusters for clusters in (after.clusters, before.clusters[models])]
    assert (together[0] == together[1]).all()
    assert (models[after.nearest] == before.nearest[models]).all()


def test_models_of_a_family_share_a_cluster_and_stand_side_by_side():
    random = np.random.default_rng(0)
    families = random.normal(size=(3, 400))
    kinds = [0, 1, 2, 0, 1, 0]
    models = [1 / (1 + np.exp(-families[kind] - 0.1 * random.normal(size=400))) for kind in kinds]
    found = compare_models(models, "binary")

    assert found.clusters.tolist() == [0, 1, 2, 0, 1, 0]
    changes = sum(kinds[a] != kinds[b] for a, b in pairwise(found.order))
    assert changes == 2
    assert 2.5 < found.effective < 3.1
    assert (np.array(kinds)[found.nearest[[0, 1, 3, 4, 5]]] == np.array(kinds)[[0, 1, 3, 4, 5]]).all()
    assert found.redundancy[2] < 0.1
    assert found.redundancy[0] > 0.9


def test_redundancy_is_the_r_squared_of_a_regression_on_the_others():
    world = make_small_world("binary", seed=2, rows=400)
    logits = np.stack([centred(logits_of(model, "binary")) for model in world.oof], axis=1)
    fitted, *_ = np.linalg.lstsq(logits[:, 1:], logits[:, 0], rcond=None)
    explained = 1 - ((logits[:, 0] - logits[:, 1:] @ fitted) ** 2).sum() / (logits[:, 0] ** 2).sum()

    assert compare_models(world.oof, "binary").redundancy[0] == pytest.approx(explained, abs=1e-4)


def test_a_copy_is_wholly_redundant_and_a_constant_model_like_nobody():
    model = np.random.default_rng(0).random(50)
    found = compare_models([model, model, np.full(50, 0.3)], "binary")

    assert found.pearson[0, 1] == pytest.approx(1.0)
    assert found.redundancy[:2] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert found.pearson[2].tolist() == [0.0, 0.0, 1.0]
    assert found.spearman[2].tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("rows", [1, 2])
def test_one_row_one_model_and_certainty_are_no_trouble(rows):
    alone = compare_models([np.array([0.0, 1.0])[:rows]], "binary")
    beside = compare_models([np.array([0.0, 1.0])[:rows], np.array([1.0, 1.0])[:rows]], "binary")

    assert (alone.nearest.tolist(), alone.clusters.tolist(), alone.order.tolist(), alone.effective) == ([-1], [0], [0], 1.0)
    assert beside.pearson[0, 1] == 0.0


def test_very_many_rows_are_represented_by_evenly_spread_ones(monkeypatch):
    world = make_small_world("binary", rows=900)
    whole = compare_models(world.oof, "binary")
    monkeypatch.setattr(diversity, "MOST_CELLS", 4 * 600)
    some = compare_models(world.oof, "binary")

    assert (whole.rows, some.rows) == (900, 600)
    assert some.pearson == pytest.approx(compare_models(world.oof[:, spread_rows(900, 600)], "binary").pearson)


@pytest.mark.parametrize("shape", [(50,), (40, 3)])
@pytest.mark.parametrize("kind", [np.bool_, np.int64])
def test_disagreement_is_the_share_of_cells_that_differ(shape, kind):
    labels = [np.random.default_rng(seed).integers(0, 2 if kind is np.bool_ else 5, shape).astype(kind) for seed in range(4)]
    plain = [[(a != b).mean() for b in labels] for a in labels]

    assert label_disagreement(labels) == pytest.approx(np.array(plain))


def test_models_of_different_shapes_cannot_be_compared():
    with pytest.raises(ShapeMismatch):
        compare_models([np.zeros(3), np.zeros(4)], "binary")
    with pytest.raises(ShapeMismatch):
        compare_models([], "binary")
    with pytest.raises(ShapeMismatch):
        label_disagreement([np.zeros(3, bool), np.zeros(4, bool)])


def test_views_of_real_models_fall_into_clusters_by_model(shared_data):
    file = np.load(shared_data / "planet-tta-probs" / "tta_probs.npz")
    probs = file["probs"]  # (view, model, image, class)
    found = compare_models(list(probs.transpose(1, 0, 2, 3).reshape(36, 3000, 17)), "multilabel")

    assert all(found.pearson[6 * model, 6 * model + 5] == pytest.approx(1.0, abs=1e-6) for model in range(6))
    assert all(found.nearest[6 * model] == 6 * model + 5 for model in range(6))
