"""Level-2 models that see the competition's own features: asked for by name, scored beside the others, rebuilt to the byte."""

import numpy as np
import pytest
from stackyard.competitions.models import Competition
from stackyard.ensembles import sharing
from stackyard.ensembles.models import Ensemble
from stackyard.predictions.models import Prediction
from stackyard.storage.services import store_array
from stackyard.submissions.models import Submission

from tests.ensembles.yard import keep_prediction, open_competition, subject

pytestmark = pytest.mark.once

RECIPE = {"level2": ["ridge"], "restack": ["ridge", "extra_trees"], "settings": {"extra_trees": {"trees": 5}}}


def with_features(world, name="iris"):
    """Open a competition with features, in which a member has a model that saw half of them."""
    data = subject(name)
    values = np.concatenate([data.features[~data.is_test], data.features[data.is_test]]).astype(np.float32)
    digest = store_array(world.admin.membership.team.pk, values)
    columns = [f"f{place}" for place in range(values.shape[1])]
    competition = open_competition(world.admin, name, features_digest=digest, feature_columns=columns)
    keep_prediction(world.member, competition, "line")
    return competition


@pytest.fixture
def stacked(world, eager_tasks):
    """Return the digest of the features, and the ensemble that used them."""
    competition = with_features(world)
    made = world.admin.post("competitions/iris/ensembles", {"recipe": RECIPE}).json()
    return competition.features_digest, world.reader.get(f"ensembles/{made['id']}").json()


def test_each_restacked_model_is_a_prediction_beside_the_plain_one(stacked):
    digest, ensemble = stacked
    made = {row["method"]: Prediction.objects.get(pk=row["id"]) for row in ensemble["predictions"]}

    assert ensemble["state"] == "done", ensemble["error"]
    assert set(made) == {"ridge", "restacked_ridge", "restacked_extra_trees", "blend"}
    assert made["restacked_ridge"].recipe["features"] == digest
    assert made["restacked_extra_trees"].recipe["settings"] == {"trees": 5}
    assert "features" not in made["ridge"].recipe
    assert made["restacked_ridge"].oof_digest != made["ridge"].oof_digest


def test_features_weigh_in_what_workers_may_hold_at_once(world, iris, without_sending, monkeypatch):
    Competition.objects.update(features_digest="0" * 64, feature_columns=["wide"] * 400)
    first = [world.admin.post("competitions/iris/ensembles", {"recipe": recipe}).json()["id"] for recipe in (RECIPE, {"level2": ["ridge"]})]
    monkeypatch.setattr(sharing, "MOST_SHARED_BYTES", 4 * 400 * 150)

    assert [sharing.is_shared(Ensemble.objects.get(pk=key)) for key in first] == [False, True]


def test_a_submission_names_the_features_and_is_rebuilt_to_the_byte(world, stacked):
    digest, _ = stacked
    submission = world.member.post("competitions/iris/submissions", {"prediction": "ensemble-1/restacked_ridge"}).json()
    lineage = Submission.objects.get(pk=submission["id"]).lineage
    answer = world.member.post(f"submissions/{submission['id']}/rebuild", {"deep": True})

    assert [node["recipe"].get("features") for node in lineage["predictions"]] == [None, digest]
    assert answer.status_code == 200, answer.json()
    assert answer.json()["digest"] == submission["digest"]
    assert any("restacked_ridge v1: fitted again" in check for check in answer.json()["checks"])


def test_permuted_labels_are_learned_from_with_the_features(world, stacked):
    _, ensemble = stacked
    world.admin.post(f"ensembles/{ensemble['id']}/permuted", {"runs": 3})
    found = world.reader.get(f"ensembles/{ensemble['id']}").json()["permuted"]

    assert (found["state"], found["verdict"]) == ("done", "at chance"), found
    assert [row["name"] for row in found["models"]] == ["ridge", "restacked_ridge", "restacked_extra_trees", "blend"]


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ({"restack": ["ridge"]}, "expected a competition with features for restack, 'iris' has none"),
        ({"restack": ["mean"]}, "expected methods that can restack, among ridge, logistic"),
        ({"restack": ["rigde"]}, "the nearest is 'ridge'"),
        ({"restack": "ridge"}, "expected restack to be a list of methods"),
        ({"level2": [], "restack": [], "settings": {"ridge": {}}}, "settings of level-2 methods that the recipe names"),
    ],
)
def test_a_recipe_that_cannot_restack_is_refused_before_any_work(world, iris, recipe, sentence):
    answer = world.admin.post("competitions/iris/ensembles", {"recipe": recipe})

    assert (answer.status_code, answer.json()["error"]) == (422, "RecipeInvalid")
    assert sentence in answer.json()["detail"]
    assert not Competition.objects.get().ensembles.exists()
