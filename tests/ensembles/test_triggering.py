"""What an admin may ask for; nothing is computed here."""

import pytest
from stackyard.competitions.models import CompetitionState
from stackyard.ensembles.models import Ensemble
from stackyard.predictions.models import Prediction, PredictionState

from tests.ensembles.yard import keep_prediction, open_competition

URL = "competitions/iris/ensembles"


def error_of(answer):
    return answer.status_code, answer.json()["error"]


def test_an_admin_triggers_and_gets_the_frozen_inputs(world, iris):
    answer = world.admin.post(URL, {})
    made = answer.json()

    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/ensembles/{made['id']}"
    assert (made["name"], made["state"], made["owner"]) == ("ensemble-1", "queued", "admin")
    assert [(row["name"], row["owner"], row["version"]) for row in made["inputs"]] == [
        ("line", "admin", 1),
        ("near", "member", 1),
        ("tree", "member", 1),
    ]
    assert made["progress"] == {"done": 0, "total": 0, "sentence": "waits for a worker"}
    assert (made["score"], made["prediction"], made["weights"]) == (None, None, {})


@pytest.mark.once
def test_only_admins_trigger_and_cancel(world, iris):
    made = world.admin.post(URL, {}).json()

    for person in (world.member, world.reader):
        assert error_of(person.post(URL, {})) == (403, "RoleTooLow")
        assert error_of(person.post(f"ensembles/{made['id']}/cancel")) == (403, "RoleTooLow")
    assert world.nobody.post(URL, {}).status_code == 401


@pytest.mark.once
def test_readers_see_ensembles_and_recipes(world, iris):
    made = world.admin.post(URL, {}).json()

    assert [row["id"] for row in world.reader.get(URL).json()] == [made["id"]]
    assert world.reader.get(f"ensembles/{made['id']}").json()["name"] == "ensemble-1"
    recipes = world.reader.get("recipes/ensemble").json()
    assert set(recipes["default"]["level2"]) < set(recipes["level2"])
    assert recipes["blend"] == ["bagged_greedy", "greedy", "simplex", "mean", "none"]


def test_another_team_finds_nothing(world, iris):
    made = world.admin.post(URL, {}).json()

    assert error_of(world.rival.post(URL, {})) == (404, "NotFound")
    assert error_of(world.rival.get(URL)) == (404, "NotFound")
    assert error_of(world.rival.get(f"ensembles/{made['id']}")) == (404, "NotFound")
    assert error_of(world.rival.post(f"ensembles/{made['id']}/cancel")) == (404, "NotFound")


def test_names_count_up_past_ensembles_and_predictions(world, iris):
    keep_prediction(world.member, iris, "line", name="ensemble-4")
    first = world.admin.post(URL, {"only": ["line"]}).json()
    second = world.admin.post(URL, {"only": ["line"]}).json()

    assert [first["name"], second["name"]] == ["ensemble-5", "ensemble-6"]


@pytest.mark.parametrize("name", ["line", "final", "old"])
def test_a_name_that_an_ensemble_or_a_prediction_has_is_taken(world, iris, name):
    assert world.admin.post(URL, {"name": "final"}).status_code == 202
    keep_prediction(world.admin, iris, "line", name="old/ridge")

    assert error_of(world.admin.post(URL, {"name": name})) == (409, "NameTaken")


@pytest.mark.once
@pytest.mark.parametrize("name", ["a/b", "a:b", "", "x" * 81])
def test_a_name_may_not_look_like_an_owners(world, iris, name):
    assert error_of(world.admin.post(URL, {"name": name})) == (400, "InvalidRequest")


@pytest.mark.once
def test_the_seed_goes_before_the_recipes_own(world, iris):
    assert world.admin.post(URL, {"recipe": {"seed": 1}, "seed": 2}).json()["recipe"]["seed"] == 2
    assert world.admin.post(URL, {"recipe": {"seed": 1}}).json()["recipe"]["seed"] == 1


@pytest.mark.once
def test_a_wrong_recipe_is_refused_by_name(world, iris):
    answer = world.admin.post(URL, {"recipe": {"blend": "greed"}})

    assert error_of(answer) == (422, "RecipeInvalid")
    assert not Ensemble.objects.exists()


def test_only_takes_predictions_by_name_and_by_owner(world, iris):
    keep_prediction(world.admin, iris, "near", name="near")
    by_name = world.admin.post(URL, {"only": ["near"]}).json()
    by_owner = world.admin.post(URL, {"only": ["member/near", "line"]}).json()

    assert [(row["owner"], row["label"]) for row in by_name["inputs"]] == [("member", "member/near"), ("admin", "admin/near")]
    assert [(row["owner"], row["name"]) for row in by_owner["inputs"]] == [("admin", "line"), ("member", "near")]


def test_only_the_latest_scored_version_is_taken(world, iris):
    keep_prediction(world.member, iris, "bayes", name="near")
    rejected = keep_prediction(world.member, iris, "near")
    Prediction.objects.filter(pk=rejected.pk).update(state=PredictionState.REJECTED, score=None)

    made = world.admin.post(URL, {"only": ["near"]}).json()

    assert [row["version"] for row in made["inputs"]] == [2]


def test_a_name_that_nobody_has_is_refused_with_the_nearest(world, iris):
    answer = world.admin.post(URL, {"only": ["line", "neer"]})

    assert error_of(answer) == (422, "RecipeInvalid")
    assert "the nearest is 'near'" in answer.json()["detail"]
    assert error_of(world.admin.post(URL, {"only": []})) == (422, "RecipeInvalid")


@pytest.mark.once
@pytest.mark.parametrize("state", [PredictionState.RECEIVING, PredictionState.PARTIAL, PredictionState.REJECTED])
def test_a_name_that_is_not_scored_is_refused_with_its_state(world, iris, state):
    Prediction.objects.filter(name="near").update(state=state, score=None)

    answer = world.admin.post(URL, {"only": ["near"]})

    assert error_of(answer) == (409, "WrongState")
    assert f"'near' is {state}" in answer.json()["detail"]
    assert [row["name"] for row in world.admin.post(URL, {}).json()["inputs"]] == ["line", "tree"]


@pytest.mark.once
def test_there_must_be_something_to_blend(world):
    open_competition(world.admin, "iris")

    assert error_of(world.admin.post(URL, {})) == (409, "WrongState")


def test_a_competition_that_is_not_open_has_no_ensembles_yet(world, iris):
    type(iris).objects.filter(pk=iris.pk).update(state=CompetitionState.REJECTED)

    assert error_of(world.admin.post(URL, {})) == (409, "WrongState")


@pytest.mark.once
def test_inputs_made_on_other_folds_are_refused(world, iris):
    folds = iris.fold_sets.get()
    folds.pk, folds.digest, folds.active = None, "0" * 64, False
    folds.save()
    Prediction.objects.filter(name="near").update(fold_set=folds)

    answer = world.admin.post(URL, {})

    assert error_of(answer) == (422, "FoldsMismatch")
    assert "member/near" in answer.json()["detail"]
    assert world.admin.post(URL, {"only": ["line", "tree"]}).status_code == 202


@pytest.mark.once
def test_what_has_no_test_predictions_is_left_out_and_said(world, iris):
    keep_prediction(world.member, iris, "bayes", with_test=False)

    made = world.admin.post(URL, {}).json()

    assert [row["name"] for row in made["inputs"]] == ["line", "near", "tree"]
    assert made["notes"] == ["left out, since without test predictions: member/bayes"]


@pytest.mark.once
def test_where_nothing_has_test_predictions_everything_is_taken(world):
    competition = open_competition(world.admin, "iris")
    keep_prediction(world.admin, competition, "line", with_test=False)
    keep_prediction(world.member, competition, "near", with_test=False)

    made = world.admin.post(URL, {}).json()

    assert len(made["inputs"]) == 2
    assert made["notes"] == ["no input has test predictions, so nothing made here can be submitted"]


@pytest.mark.once
def test_an_upload_cannot_take_an_unknown_field(world, iris):
    answer = world.admin.post(URL, {"names": "x"})

    assert error_of(answer) == (400, "InvalidRequest")


def test_triggering_and_cancelling_are_audited(world, iris):
    made = world.admin.post(URL, {}).json()
    world.admin.post(f"ensembles/{made['id']}/cancel")

    verbs = [row["verb"] for row in world.admin.get("audit").json()]
    assert {"ensemble triggered", "ensemble cancelled"} <= set(verbs)
