"""What cannot be stacked is refused by name before any work starts: no row, no message, no word in the audit."""

import pytest
from stackyard.ensembles.models import Ensemble
from stackyard.predictions.models import Prediction, PredictionState

from tests.ensembles.yard import keep_prediction, open_competition

pytestmark = pytest.mark.once

MODELS = ("line", "near", "tree")


@pytest.fixture
def ask(world, monkeypatch):
    """Return a function that asks for an ensemble which must be refused, and returns the refusal."""
    sent = []
    monkeypatch.setattr("stackyard.api.ensembles.send_on_commit", lambda *message: sent.append(message))

    def ask(slug, **form):
        answer = world.admin.post(f"competitions/{slug}/ensembles", form)
        assert (sent, Ensemble.objects.count()) == ([], 0), answer.json()
        assert "ensemble triggered" not in {row["verb"] for row in world.admin.get("audit").json()}
        return answer.status_code, answer.json()["error"], answer.json()["detail"]

    return ask


@pytest.fixture
def yard(world):
    """Return a function that opens the competition on a subject, with three models in it."""

    def make(name):
        competition = open_competition(world.admin, name)
        for model in MODELS:
            keep_prediction(world.member, competition, model)
        return competition

    return make


def use_other_folds(competition, name):
    folds = competition.fold_sets.get()
    folds.pk, folds.digest, folds.active = None, "0" * 64, False
    folds.save()
    Prediction.objects.filter(name=name).update(fold_set=folds)


@pytest.mark.parametrize(
    ("only", "words"),
    [(["lime"], "the nearest is 'line'"), (["line", "admin/near"], "got 'admin/near'"), (["line:tta"], "got 'line:tta'")],
)
def test_unknown_models(yard, ask, only, words):
    yard("iris")
    status, error, detail = ask("iris", only=only)

    assert (status, error) == (422, "RecipeInvalid")
    assert words in detail


def test_a_name_that_is_none(yard, ask):
    yard("iris")

    assert ask("iris", only=[""])[:2] == (400, "InvalidRequest")


def test_unknown_methods(yard, ask):
    yard("iris")

    assert ask("iris", recipe={"level2": ["ridge", "forest"]})[:2] == (422, "RecipeInvalid")


def test_empty_inputs(world, ask):
    open_competition(world.admin, "iris")

    assert ask("iris")[:2] == (409, "WrongState")
    assert ask("iris", only=[])[:2] == (422, "RecipeInvalid")


def test_nothing_but_what_ensembles_made(world, ask):
    keep_prediction(world.admin, open_competition(world.admin, "iris"), "line", level=2, name="old/ridge")

    assert ask("iris")[:2] == (409, "WrongState")
    assert ask("iris", only=["old/ridge"])[:2] == (422, "RecipeInvalid")


def test_a_mix_of_fold_sets(yard, ask):
    use_other_folds(yard("iris"), "near")
    for form in ({}, {"only": ["line", "near"]}, {"only": ["near"]}):
        status, error, detail = ask("iris", **form)
        assert (status, error) == (422, "FoldsMismatch")
        assert "member/near" in detail


@pytest.mark.parametrize("state", [PredictionState.RECEIVING, PredictionState.PARTIAL, PredictionState.REJECTED])
def test_an_unfinished_prediction(yard, ask, state):
    yard("iris")
    Prediction.objects.filter(name="near").update(state=state, score=None)

    assert ask("iris", only=["line", "near"]) == (409, "WrongState", f"expected scored predictions only, 'near' is {state}")


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("iris", "argmax"),  # log loss judges probabilities
        ("iris", "expected_fbeta"),
        ("cancer", "thresholds"),
        ("tags", "argmax"),
        ("tags", "cut_points"),
        ("diabetes", "thresholds"),
        ("diabetes", "cut_points"),
    ],
)
def test_a_metric_that_the_decision_cannot_serve(yard, ask, name, decision):
    competition = yard(name)
    status, error, detail = ask(name, recipe={"decision": decision})

    assert (status, error) == (422, "RecipeInvalid")
    assert competition.metric in detail
    assert repr(decision) in detail


def test_a_method_that_the_task_cannot_use(yard, ask):
    yard("diabetes")

    assert ask("diabetes", recipe={"level2": ["logistic"]})[:2] == (422, "RecipeInvalid")
