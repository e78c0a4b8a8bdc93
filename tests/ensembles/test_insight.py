"""Insight: made when predictions have come to rest, read by HTTP, drawn, and made anew when there are others."""

import base64
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from stackyard.config.tasks import look_around, reap
from stackyard.ensembles import insight_report, insight_running, tasks
from stackyard.ensembles.insights import LONGEST_WAIT, PATIENCE, QUIET, ask_for_insights
from stackyard.ensembles.models import Insight
from stackyard.errors import MetricUndefined, WrongState
from stackyard.numerics.contributions import contributions
from stackyard.numerics.diversity import compare_models
from stackyard.predictions.models import Prediction
from stackyard.predictions.services import receive_computed
from stackyard.scoring.services import score_prediction
from stackyard.work.leases import MAX_ATTEMPTS, STALE_AFTER

from tests.ensembles.yard import folds_of, keep_prediction, open_competition, predictions_of, subject

pytestmark = pytest.mark.once

ADDRESS = "competitions/iris/insight"


@pytest.fixture
def rested(monkeypatch):
    """Let the clock of the predictions be a while ago."""

    def rest():
        Prediction.objects.update(scored_at=timezone.now() - QUIET - timedelta(seconds=1))

    return rest


@pytest.fixture
def looked(iris, eager_tasks, rested):
    """Return the competition once its insight has been made."""
    rested()
    look_around()
    return iris


def keep_other(person, competition, name, change):
    """Keep and score a model like one that there is, but changed."""
    oof, test = (change(values) for values in predictions_of(competition.name, "line"))
    prediction = receive_computed(competition, competition.fold_sets.get(), person.user, name, 1, oof, test, {}, [])
    score_prediction(prediction)
    return prediction


def test_there_is_none_before_predictions_have_come_to_rest(world, iris):
    assert ask_for_insights(timezone.now()) == []
    row = world.reader.get(ADDRESS).json()

    assert (row["state"], row["outdated"], row["models"], row["contributions"]) == ("none", True, [], None)
    for figure in ("correlation", "contributions", "path"):
        answer = world.reader.get(f"competitions/iris/figures/{figure}")
        assert (answer.status_code, answer.json()["error"]) == (409, "WrongState")


def test_a_competition_without_predictions_is_not_looked_at(world):
    open_competition(world.admin, "iris")

    assert ask_for_insights(timezone.now() + timedelta(days=1)) == []
    assert world.reader.get(ADDRESS).json()["outdated"] is False


def test_it_says_how_alike_models_are(world, looked):
    row = world.reader.get(ADDRESS).json()
    names = ["line", "near", "tree"]
    found = compare_models([predictions_of("iris", name)[0] for name in names], "multiclass")

    assert (row["state"], row["outdated"], row["error"]) == ("done", False, {})
    assert [model["name"] for model in row["models"]] == names
    assert np.allclose(row["correlation"]["pearson"], found.pearson, atol=1e-5)
    assert np.allclose(row["correlation"]["spearman"], found.spearman, atol=1e-5)
    assert sorted(row["correlation"]["order"]) == [model["id"] for model in row["models"]]
    labels = [predictions_of("iris", name)[0].argmax(axis=1) for name in names]
    assert row["correlation"]["disagreement"][0][2] == pytest.approx((labels[0] != labels[2]).mean(), abs=1e-5)
    assert sorted(key for cluster in row["clusters"] for key in cluster["models"]) == [model["id"] for model in row["models"]]
    assert row["models"][0]["nearest"] in {model["id"] for model in row["models"][1:]}


def test_it_says_what_each_model_gives(world, looked):
    row = world.reader.get(ADDRESS).json()["contributions"]
    data, names = subject("iris"), ["line", "near", "tree"]
    oof = [predictions_of("iris", name)[0] for name in names]
    found = contributions(oof, data.truth[~data.is_test], folds_of("iris"), "multiclass", "multiclass_log_loss")

    assert (row["metric"], row["searched_by"], row["higher_is_better"]) == ("multiclass_log_loss", "multiclass_log_loss", False)
    assert row["value"] == pytest.approx(found.value)
    assert [model["drop_gain"] for model in row["models"]] == pytest.approx(found.drop_gain.tolist())
    assert [model["add_gain"] for model in row["models"]] == pytest.approx(found.add_gain.tolist())
    assert len(row["path"]["picks"]) == len(row["path"]["values"])
    assert {model["reason"]["kind"] for model in row["models"]} >= {"used"}


@pytest.mark.parametrize("name", ["tags", "cancer", "diabetes"])
def test_every_task_has_one(world, eager_tasks, rested, name):
    competition = open_competition(world.admin, name)
    for model in ("line", "near", "tree"):
        keep_prediction(world.admin, competition, model)
    rested()
    look_around()
    row = world.reader.get(f"competitions/{name}/insight").json()

    assert (row["state"], row["error"], row["notes"]) == ("done", {}, [])
    assert len(row["contributions"]["models"]) == 3
    assert (row["correlation"]["disagreement"] is None) == (name == "diabetes")
    drawn = world.reader.get(f"competitions/{name}/figures/correlation", {"measure": "disagreement"}).json()
    assert drawn.get("error") == ("WrongState" if name == "diabetes" else None)


def test_it_warns_of_copies_and_of_rows_in_another_order(world, iris, eager_tasks, rested):
    copy = keep_other(world.member, iris, "copy", lambda values: values)
    mixed = keep_other(world.member, iris, "mixed", lambda values: values[np.random.default_rng(0).permutation(len(values))])
    rested()
    look_around()
    row = world.reader.get(ADDRESS).json()
    line = row["models"][0]["id"]

    assert [(found["kind"], found["severity"], found["models"]) for found in row["findings"]] == [
        ("permuted_rows", "severe", [mixed.pk]),
        ("duplicate", "warning", [line, copy.pk]),
    ]
    reasons = {model["id"]: model["reason"] for model in row["contributions"]["models"]}
    assert (reasons[copy.pk]["kind"], reasons[copy.pk]["twin"]) == ("duplicate", line)


def test_one_model_alone_has_an_insight_too(world, eager_tasks, rested):
    keep_prediction(world.admin, open_competition(world.admin, "iris"), "line", with_test=False)
    rested()
    look_around()
    row = world.reader.get(ADDRESS).json()

    assert row["state"] == "done"
    assert (row["models"][0]["nearest"], row["contributions"]["models"][0]["drop_gain"]) == (None, None)
    for figure in ("correlation", "contributions", "path"):
        assert world.reader.get(f"competitions/iris/figures/{figure}").status_code == 200


def test_the_figures_are_drawn_from_it(world, looked):
    heat = world.reader.get("competitions/iris/figures/correlation").json()
    bars = world.reader.get("competitions/iris/figures/contributions").json()
    names = {model["id"]: model["name"] for model in world.reader.get(ADDRESS).json()["models"]}
    order = world.reader.get(ADDRESS).json()["correlation"]["order"]

    assert heat["data"][0]["x"] == [names[key] for key in order]
    assert [trace["name"] for trace in bars["data"]] == ["lost without it", "gained with more of it"]
    assert sorted(bars["data"][0]["y"]) == ["line", "near", "tree"]
    path = world.reader.get("competitions/iris/figures/path").json()
    assert path["data"][0]["y"] == world.reader.get(ADDRESS).json()["contributions"]["path"]["values"]


def test_the_map_shows_the_measure_that_is_asked_for(world, looked):
    held = world.reader.get(ADDRESS).json()["correlation"]
    figure = world.reader.get("competitions/iris/figures/correlation", {"measure": "disagreement"}).json()

    assert held["measures"] == ["pearson", "spearman", "disagreement"]
    sent = figure["data"][0]["customdata"]
    drawn = np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"])
    assert np.allclose(np.sort(drawn), np.sort(held["disagreement"], axis=None), atol=1e-6)
    answer = world.reader.get("competitions/iris/figures/correlation", {"measure": "cosine"})
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


def test_the_matrices_are_left_out_on_request(world, looked):
    whole = world.reader.get(ADDRESS).json()
    short = world.reader.get(ADDRESS, {"matrices": "false"}).json()

    assert short["correlation"] == {**whole["correlation"], "pearson": None, "spearman": None, "disagreement": None}
    assert {**short, "correlation": None} == {**whole, "correlation": None}


# When it is made


def test_a_further_prediction_makes_it_out_of_date_until_it_is_made_anew(world, looked, rested):
    keep_prediction(world.member, looked, "bayes")
    row = world.reader.get(ADDRESS).json()
    assert (row["state"], row["outdated"], len(row["models"])) == ("done", True, 3)
    look_around()
    assert world.reader.get(ADDRESS).json()["outdated"] is True  # it has just come: others may follow

    rested()
    look_around()
    row = world.reader.get(ADDRESS).json()
    assert (row["outdated"], len(row["models"])) == (False, 4)


def test_predictions_that_come_without_end_do_not_put_it_off_for_ever(world, looked):
    Insight.objects.update(computed_at=timezone.now() - LONGEST_WAIT)
    keep_prediction(world.member, looked, "bayes")
    look_around()

    assert len(world.reader.get(ADDRESS).json()["models"]) == 4


def test_an_ensemble_does_not_make_it_out_of_date(world, looked):
    world.admin.post("competitions/iris/ensembles", {"recipe": {"level2": ["mean"], "blend": "mean"}})

    assert Prediction.objects.filter(level__gt=1).exists()
    assert world.reader.get(ADDRESS).json()["outdated"] is False


def test_it_waits_while_an_ensemble_is_made_but_not_for_ever(world, iris, rested, without_sending):
    world.admin.post("competitions/iris/ensembles", {"recipe": {"level2": ["mean"], "blend": "mean"}})
    rested()
    assert ask_for_insights(timezone.now()) == []

    assert len(ask_for_insights(timezone.now() + PATIENCE)) == 1


def test_it_is_asked_for_once(iris, rested):
    rested()

    assert len(ask_for_insights(timezone.now())) == 1
    assert ask_for_insights(timezone.now()) == []


def test_the_same_inputs_are_not_looked_at_twice(looked, monkeypatch):
    monkeypatch.setattr(insight_running, "make_report", None)
    Insight.objects.update(state="queued")
    tasks.compute_insight(Insight.objects.get().pk)

    assert Insight.objects.get().state == "done"


def test_a_report_of_older_code_is_made_anew(looked, rested):
    Insight.objects.update(made_by=0, report={"models": []})
    look_around()

    assert len(Insight.objects.get().report["models"]) == 3


def test_the_last_report_stays_while_the_next_one_is_made(world, looked, rested):
    keep_prediction(world.member, looked, "bayes")
    rested()
    ask_for_insights(timezone.now())
    row = world.reader.get(ADDRESS).json()

    assert (row["state"], len(row["models"])) == ("queued", 3)


# How it ends otherwise


def failing(error):
    def fail(*args, **kwargs):
        raise error

    return fail


def test_a_metric_without_a_value_costs_the_contributions_only(world, iris, eager_tasks, rested, monkeypatch):
    monkeypatch.setattr(insight_report, "contributions", failing(MetricUndefined("expected two classes, got one")))
    rested()
    look_around()
    row = world.reader.get(ADDRESS).json()

    assert (row["state"], row["contributions"]) == ("done", None)
    assert row["notes"] == ["no contributions: expected two classes, got one"]
    assert len(row["correlation"]["pearson"]) == 3
    assert world.reader.get("competitions/iris/figures/contributions").json()["error"] == "WrongState"


def test_a_failure_has_its_name_and_waits_for_other_predictions(world, iris, eager_tasks, rested, monkeypatch):
    monkeypatch.setattr(insight_running, "make_report", failing(WrongState("expected something else")))
    rested()
    look_around()
    row = world.reader.get(ADDRESS).json()

    assert (row["state"], row["error"]["error"]) == ("failed", "WrongState")
    assert ask_for_insights(timezone.now()) == []
    keep_prediction(world.member, iris, "bayes")
    rested()
    assert len(ask_for_insights(timezone.now())) == 1


def test_a_dead_worker_leaves_it_to_the_next_and_after_three_it_fails(world, iris, rested, eager_tasks):
    rested()
    ask_for_insights(timezone.now())
    dead = {"lease_owner": "dead", "lease_beat_at": timezone.now() - STALE_AFTER - timedelta(seconds=1)}
    Insight.objects.update(state="running", attempt=1, **dead)
    reap()
    assert world.reader.get(ADDRESS).json()["state"] == "done"

    Insight.objects.update(state="running", attempt=MAX_ATTEMPTS, digest="", **dead)
    reap()
    row = world.reader.get(ADDRESS).json()
    assert (row["state"], row["error"]["error"]) == ("failed", "WorkerLost")
    assert ask_for_insights(timezone.now()) == []


def test_a_lease_that_somebody_holds_keeps_others_out(iris, rested):
    rested()
    (key,) = ask_for_insights(timezone.now())
    Insight.objects.update(lease_owner="other", lease_beat_at=timezone.now())
    tasks.compute_insight(key)

    assert Insight.objects.get().state == "queued"
