"""What an ensemble computes, from the request to the numbers."""

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, mean_squared_error
from sklearn.metrics import log_loss as binary_log_loss
from stackyard.ensembles import tasks
from stackyard.predictions.models import Prediction
from stackyard.scoring.queries import leaderboard
from stackyard.storage.queries import load_array

from tests.ensembles.yard import FOLDS, folds_of, keep_prediction, open_competition, predictions_of, subject

pytestmark = pytest.mark.once

URL = "competitions/{}/ensembles"
MODELS = ("line", "near", "tree")


@pytest.fixture
def run(world, eager_tasks):
    """Return a function that triggers an ensemble, computes it by the real task, and returns what the API then answers."""

    def run(slug, recipe, **form):
        made = world.admin.post(URL.format(slug), {"recipe": recipe, **form})
        assert made.status_code == 202, made.json()
        return world.reader.get(f"ensembles/{made.json()['id']}").json()

    return run


def truth_of(name):
    data = subject(name)
    return data.truth[~data.is_test]


def log_loss(truth, probabilities):
    return -np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-15)).mean()


def greedy_by_hand(predictions, truth, steps=50):
    """Caruana's selection as it is written down, for log loss; returns the shares of the picks up to the best step."""
    total, picks, values = np.zeros(predictions[0].shape), [], []
    for step in range(1, steps + 1):
        losses = [log_loss(truth, (total + model) / step) for model in predictions]
        picks.append(int(np.argmin(losses)))
        values.append(min(losses))
        total += predictions[picks[-1]]
    best = int(np.argmin(values)) + 1
    return np.bincount(picks[:best], minlength=len(predictions)) / best


def test_the_numbers_are_those_of_a_computation_by_hand(iris, run):
    done = run("iris", {"level2": ["mean"], "blend": "greedy"})
    truth, folds = truth_of("iris"), folds_of("iris")
    models = [predictions_of("iris", model)[0].astype(np.float64) for model in MODELS]
    candidates = [np.mean(models, axis=0), *models]

    nested = np.empty((len(truth), 3))
    for fold in range(FOLDS):
        others = folds != fold
        weights = greedy_by_hand([model[others] for model in candidates], truth[others])
        nested[~others] = np.tensordot(weights, [model[~others] for model in candidates], 1)
    weights = greedy_by_hand(candidates, truth)
    in_sample = np.tensordot(weights, candidates, 1)
    share = 0.1 / len(truth)
    nested, in_sample = nested * (1 - share) + share / 3, in_sample * (1 - share) + share / 3

    assert done["state"] == "done"
    assert done["score"] == pytest.approx(log_loss(truth, nested), abs=1e-6)
    assert done["in_sample_score"] == pytest.approx(log_loss(truth, in_sample), abs=1e-6)
    by_name = dict(zip(["ensemble-1/mean", *MODELS], weights, strict=True))
    assert done["weights"] == pytest.approx({name: weight for name, weight in by_name.items() if weight > 0})
    kept = Prediction.objects.get(pk=done["prediction"])
    assert load_array(kept.oof_digest) == pytest.approx(nested, abs=1e-6)
    tests = [predictions_of("iris", model)[1] for model in MODELS]
    blended = np.tensordot(weights, [np.mean(tests, axis=0), *tests], 1)
    assert load_array(kept.test_digest) == pytest.approx(blended * (1 - share) + share / 3, abs=1e-6)


def test_what_it_yields_are_ranked_predictions_that_name_their_parents(world, iris, run):
    done = run("iris", {"level2": ["mean", "ridge"], "seed": 3}, name="final")

    assert [(row["name"], row["level"], row["method"]) for row in done["predictions"]] == [
        ("final/mean", 2, "mean"),
        ("final/ridge", 2, "ridge"),
        ("final", 3, "blend"),
    ]
    assert done["prediction_name"] == "final"
    blended = world.reader.get(f"predictions/{done['prediction']}").json()
    assert (blended["state"], blended["score"], blended["has_test"]) == ("scored", done["score"], True)
    assert {row["name"] for row in blended["parents"]} == {*MODELS, "final/mean", "final/ridge"}
    ridge = world.reader.get(f"predictions/{done['predictions'][1]['id']}").json()
    assert (ridge["recipe"]["method"], ridge["recipe"]["seed"]) == ("ridge", 3)
    assert [row["name"] for row in ridge["parents"]] == list(MODELS)
    board = world.reader.get("competitions/iris/leaderboard").json()
    assert {row["name"] for row in board} == {*MODELS, "final", "final/mean", "final/ridge"}


def test_members_are_told_with_weight_and_both_scores_heaviest_first(iris, run):
    done = run("iris", {"level2": ["mean"]})

    weights = [row["weight"] for row in done["members"]]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1)
    assert {row["name"]: row["method"] for row in done["members"]} == {"ensemble-1/mean": "mean", "line": "", "near": "", "tree": ""}
    ranked = {row["name"]: row for row in leaderboard(iris)}
    for row in done["members"]:
        assert (row["score"], row["in_sample"]) == (ranked[row["name"]]["score"], ranked[row["name"]]["in_sample"])


def test_two_runs_under_two_names_give_the_same_bytes(iris, run):
    recipe = {"level2": ["ridge", "logistic", "extra_trees"], "settings": {"extra_trees": {"trees": 5}}, "seed": 1}
    runs = [run("iris", recipe, name=name) for name in ("one", "two")]

    digests = []
    for done in runs:
        rows = [Prediction.objects.get(pk=row["id"]) for row in done["predictions"]]
        digests.append([(row.oof_digest, row.test_digest) for row in rows])
    assert digests[0] == digests[1]
    assert len(set(digests[0])) == 4
    assert (runs[0]["score"], runs[0]["in_sample_score"]) == (runs[1]["score"], runs[1]["in_sample_score"])


def test_settings_and_seed_reach_the_method(iris, run):
    recipe = {"level2": ["extra_trees"], "blend": "mean"}
    digests = set()
    for seed, trees in ((0, 5), (1, 5), (0, 6)):
        done = run("iris", {**recipe, "seed": seed, "settings": {"extra_trees": {"trees": trees}}})
        digests.add(Prediction.objects.get(pk=done["predictions"][0]["id"]).oof_digest)

    assert len(digests) == 3


def test_without_level_2_the_inputs_are_blended(iris, run):
    done = run("iris", {"level2": [], "blend": "mean"})

    assert done["weights"] == pytest.approx(dict.fromkeys(MODELS, 1 / 3))
    mean = np.mean([predictions_of("iris", model)[0] for model in MODELS], axis=0)
    assert done["score"] == pytest.approx(log_loss(truth_of("iris"), mean), abs=1e-6)
    assert done["in_sample_score"] == done["score"]


def test_without_a_blend_the_best_model_of_the_other_folds_is_taken(iris, run):
    done = run("iris", {"level2": [], "blend": "none"})
    truth, folds = truth_of("iris"), folds_of("iris")
    models = {model: predictions_of("iris", model)[0] for model in MODELS}

    best = {name: log_loss(truth, oof) for name, oof in models.items()}
    nested = np.empty((len(truth), 3))
    for fold in range(FOLDS):
        others = folds != fold
        chosen = min(models, key=lambda name: log_loss(truth[others], models[name][others]))
        nested[~others] = models[chosen][~others]

    assert done["weights"] == {min(best, key=best.get): 1.0}
    assert done["score"] == pytest.approx(log_loss(truth, nested), abs=1e-6)


def test_a_simplex_blend_is_no_worse_in_sample_than_any_model(iris, run):
    done = run("iris", {"level2": ["mean"], "blend": "simplex"})

    assert done["in_sample_score"] <= min(row["in_sample"] for row in done["members"])
    assert done["score"] >= done["in_sample_score"]


def test_thresholds_of_a_tag_competition_are_nested_too(world, run):
    competition = open_competition(world.admin, "tags")
    for model in MODELS:
        keep_prediction(world.admin, competition, model)
    done = run("tags", {"level2": ["mean"], "blend": "mean", "decision": "thresholds"})

    truth = truth_of("tags")
    blended = Prediction.objects.get(pk=done["prediction"])
    thresholds = done["decision"]["parameters"]["thresholds"]
    flattered = load_array(blended.oof_digest) >= np.array(thresholds, np.float32)
    expected = fbeta_score(truth, flattered, beta=2, average="samples", zero_division=1)
    assert done["decision"]["name"] == "thresholds"
    assert done["in_sample_score"] == pytest.approx(expected, abs=1e-6)
    assert done["score"] < done["in_sample_score"]
    assert blended.score_row.in_sample == pytest.approx(expected, abs=1e-6)


def test_the_recipes_decision_goes_before_the_metrics_own(world, run):
    competition = open_competition(world.admin, "tags")
    keep_prediction(world.admin, competition, "line")
    done = run("tags", {"level2": ["logistic"], "blend": "none", "decision": "expected_fbeta"})

    assert done["decision"] == {"name": "expected_fbeta", "parameters": {"beta": 2.0, "zero_division": 1.0}}
    for row in done["predictions"]:
        assert Prediction.objects.get(pk=row["id"]).score_row.decision["name"] == "expected_fbeta"


@pytest.mark.parametrize(
    ("name", "judge"),
    [("cancer", binary_log_loss), ("diabetes", lambda truth, values: mean_squared_error(truth, values) ** 0.5)],
)
def test_one_column_tasks_keep_their_shape(world, run, name, judge):
    competition = open_competition(world.admin, name)
    for model in MODELS:
        keep_prediction(world.member, competition, model)
    done = run(name, {"level2": ["mean", "ridge"], "blend": "simplex"})

    blended = Prediction.objects.get(pk=done["prediction"])
    oof = load_array(blended.oof_digest)
    assert oof.shape == truth_of(name).shape
    assert load_array(blended.test_digest).shape == (competition.test_rows,)
    assert done["score"] == pytest.approx(judge(truth_of(name), oof.astype(np.float64)), rel=1e-6)


def test_inputs_without_test_predictions_give_outputs_without(world, run):
    competition = open_competition(world.admin, "iris")
    for model in MODELS:
        keep_prediction(world.admin, competition, model, with_test=False)
    done = run("iris", {"level2": ["mean"]})

    assert [row["has_test"] for row in done["predictions"]] == [False, False]
    refused = world.member.post("competitions/iris/submissions", {"prediction": done["prediction_name"]})
    assert (refused.status_code, refused.json()["error"]) == (409, "WrongState")


def test_inputs_stay_those_of_the_moment_when_it_was_triggered(world, iris, without_sending):
    made = world.admin.post(URL.format("iris"), {"recipe": {"level2": [], "blend": "mean"}}).json()
    keep_prediction(world.member, iris, "bayes", name="near")
    tasks.run(made["id"])
    done = world.reader.get(f"ensembles/{made['id']}").json()

    mean = np.mean([predictions_of("iris", model)[0] for model in MODELS], axis=0)
    assert load_array(Prediction.objects.get(pk=done["prediction"]).oof_digest) == pytest.approx(mean, abs=1e-6)


def test_prefer_wait_answers_with_the_outcome(world, iris, eager_tasks):
    answer = world.admin.post(URL.format("iris"), {"recipe": {"level2": [], "blend": "mean"}}, headers={"Prefer": "wait=10"})

    assert (answer.status_code, answer.json()["state"]) == (202, "done")


def test_one_ensemble_is_read_with_few_queries(world, iris, run, django_assert_max_num_queries):
    done = run("iris", {"level2": ["mean", "ridge"]})

    with django_assert_max_num_queries(5):
        world.reader.get(f"ensembles/{done['id']}")


def test_each_setting_of_a_grid_is_a_prediction_of_its_own(world, iris, run):
    grid = [{"trees": 5}, {"trees": 6}]
    done = run("iris", {"level2": ["extra_trees"], "settings": {"extra_trees": grid}, "blend": "mean"})

    assert [row["name"] for row in done["predictions"]] == ["ensemble-1/extra_trees-1", "ensemble-1/extra_trees-2", "ensemble-1"]
    kept = Prediction.objects.filter(name__startswith="ensemble-1/").order_by("name")
    assert [row.recipe["settings"] for row in kept] == grid
    assert kept[0].oof_digest != kept[1].oof_digest
