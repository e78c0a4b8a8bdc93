"""Decisions with settings and label groups, from the request to the numbers."""

import numpy as np
import pytest
from sklearn.metrics import fbeta_score
from stackyard.numerics.calibration import apply_platt, fit_platt
from stackyard.numerics.decisions import expected_fbeta_labels
from stackyard.numerics.label_groups import LabelGroup
from stackyard.predictions.models import Prediction
from stackyard.storage.queries import load_array

from tests.ensembles.yard import FOLDS, folds_of, keep_prediction, open_competition, predictions_of, subject

pytestmark = pytest.mark.once

URL = "competitions/tags/ensembles"
GROUPS = [{"kind": "excludes", "label": "zero", "labels": ["large", "prime"]}]
BY_POSITION = [{"kind": "excludes", "labels": [1, 2], "label": 3}]


@pytest.fixture
def tags(world):
    """Return an open competition on tags, of which zero is neither large nor prime, with one model in it."""
    competition = open_competition(world.admin, "tags", spec={"spec": {"label_groups": GROUPS}})
    keep_prediction(world.admin, competition, "line")
    return competition


@pytest.fixture
def run(world, tags, eager_tasks):
    def run(recipe):
        made = world.admin.post(URL, {"recipe": {"level2": [], "blend": "mean", **recipe}})
        assert made.status_code == 202, made.json()
        return world.reader.get(f"ensembles/{made.json()['id']}").json()

    return run


def by_hand(calibrate, groups):
    """The nested and the in-sample F2 of the one model, decided by expectation."""
    data, folds, (oof, _) = subject("tags"), folds_of("tags"), predictions_of("tags", "line")
    truth = data.truth[~data.is_test]

    def labels(known, asked):
        cells = apply_platt(oof[asked], fit_platt(oof[known], truth[known])).astype(np.float32) if calibrate else oof[asked]
        return expected_fbeta_labels(cells, groups=groups)

    nested = np.empty_like(truth)
    for fold in range(FOLDS):
        nested[folds == fold] = labels(folds != fold, folds == fold)
    flattered = labels(folds >= 0, folds >= 0)
    return tuple(fbeta_score(truth, found, beta=2, average="samples", zero_division=1) for found in (nested, flattered))


@pytest.mark.parametrize(("calibrate", "groups"), [(True, True), (True, False), (False, True)])
def test_calibration_is_nested_and_groups_are_the_competitions_own(run, calibrate, groups):
    asked = {"name": "expected_fbeta", **({"calibration": "platt"} if calibrate else {}), **({} if groups else {"label_groups": []})}
    done = run({"decision": asked})

    nested, flattered = by_hand(calibrate, [LabelGroup("excludes", (1, 2), 3)] if groups else [])
    assert (done["score"], done["in_sample_score"]) == pytest.approx((nested, flattered), abs=1e-9)
    assert done["decision"]["name"] == "expected_fbeta"
    assert done["decision"]["parameters"].get("label_groups") == (BY_POSITION if groups else None)
    assert ("calibration" in done["decision"]["parameters"]) == calibrate


def test_a_recipe_brings_groups_of_its_own_and_freezes_those_it_uses(run):
    own = [{"kind": "exactly_one", "labels": ["large", "zero"]}]
    assert run({"decision": {"name": "chosen", "label_groups": own}})["recipe"]["decision"] == {
        "name": "chosen",
        "label_groups": [{"kind": "exactly_one", "labels": [1, 3]}],
    }
    assert run({})["recipe"]["decision"] == {"name": "auto", "label_groups": BY_POSITION}
    assert run({"decision": "thresholds"})["recipe"]["decision"] == "thresholds"


def test_an_upload_is_decided_by_the_competitions_groups_too(tags):
    decision = Prediction.objects.get(competition=tags).score_row.decision

    assert (decision["name"], decision["settings"]) == ("chosen", {"label_groups": BY_POSITION})
    assert set(decision["parameters"]["tried"]) == {"thresholds", "expected_fbeta"}


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        ({"name": "expected_fbeta", "calibration": "plat"}, "the nearest is 'platt'"),
        ({"name": "expected_fbeta", "calibration": "temperature"}, "for a multilabel task among platt, isotonic"),
        ({"name": "expected_fbeta", "calibrate": "platt"}, "the nearest is 'calibration'"),
        ({"name": "thresholds", "calibration": "platt"}, "settings of the decision thresholds among none"),
        ({"name": "threshold"}, "the nearest is 'thresholds'"),
        ({"name": "thresholds", "label_groups": BY_POSITION}, "settings of the decision thresholds among none"),
        ({"label_groups": "zero"}, "label_groups to be a list of tables"),
        ({"label_groups": ["zero"]}, "a label group with kind"),
        ({"label_groups": [{"kind": "exactly_one", "labels": ["zero", "odd"]}]}, "among even, large, prime, zero, got 'odd'"),
        ({"label_groups": [{"kind": "exactly_one", "labels": [3, 4]}]}, "among 0 to 3"),
        ({"label_groups": [{"kind": "one_of", "labels": ["zero", "even"]}]}, "of kind exactly_one or excludes"),
        ({"label_groups": [{"kind": "excludes", "labels": ["zero"]}]}, "with a label that excludes"),
        ({"label_groups": [{"kind": "exactly_one", "labels": "zero"}]}, "as a list"),
        (["thresholds"], "expected a decision among"),
    ],
)
def test_what_is_wrong_in_a_decision_is_named_before_any_work_starts(world, tags, decision, sentence):
    answer = world.admin.post(URL, {"recipe": {"decision": decision}})

    assert (answer.status_code, answer.json()["error"]) == (422, "RecipeInvalid")
    assert sentence in answer.json()["detail"]
    assert world.reader.get(URL).json() == []


def test_a_submission_of_a_calibrated_decision_is_rebuilt_byte_for_byte(world, run):
    done = run({"decision": {"name": "expected_fbeta", "calibration": "platt"}})
    made = world.admin.post("competitions/tags/submissions", {"prediction": done["prediction_name"]})
    assert made.status_code in {200, 201, 202}, made.json()
    key = made.json()["id"]
    assert world.reader.get(f"submissions/{key}").json()["state"] == "built"

    answer = world.admin.post(f"submissions/{key}/rebuild", {"deep": True})
    assert answer.status_code in {200, 202}, answer.json()
    found = world.reader.get(f"submissions/{key}").json()["rebuild"]
    assert found["state"] == "identical", found


def test_calibrated_probabilities_are_what_is_judged_and_what_is_submitted(world, eager_tasks):
    competition = open_competition(world.admin, "iris")
    keep_prediction(world.admin, competition, "tree")
    recipe = {"level2": [], "blend": "mean", "decision": {"name": "none", "calibration": "temperature"}}
    made = world.admin.post("competitions/iris/ensembles", {"recipe": recipe}).json()
    done = world.reader.get(f"ensembles/{made['id']}").json()
    plain = world.reader.get("competitions/iris/leaderboard").json()
    assert done["state"] == "done", done
    assert done["score"] < next(row["score"] for row in plain if row["name"] == "tree")

    key = world.admin.post("competitions/iris/submissions", {"prediction": done["prediction_name"]}).json()["id"]
    data = world.reader.get(f"submissions/{key}/file")
    first = np.array([float(cell) for cell in data.getvalue().decode().splitlines()[1].split(",")[1:]])
    raw = load_array(Prediction.objects.get(pk=done["prediction"]).test_digest)[0]
    scaled = np.maximum(raw.astype(float), 1e-6) ** done["decision"]["parameters"]["calibration"]["slopes"][0]
    assert first == pytest.approx(scaled / scaled.sum(), abs=1e-5)
    assert abs(first - raw).max() > 0.01
