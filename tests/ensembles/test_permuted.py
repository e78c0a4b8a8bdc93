"""Would this recipe find signal in noise? The same recipe on permuted labels, entered by HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone
from stackyard.config.tasks import reap
from stackyard.ensembles import permuting, tasks
from stackyard.ensembles.models import PermutedRun
from stackyard.errors import MetricUndefined
from stackyard.numerics.stacking import cross_fit
from stackyard.predictions.models import Prediction
from stackyard.work.leases import MAX_ATTEMPTS, STALE_AFTER

from tests.ensembles.yard import SUBJECTS, keep_prediction, open_competition

pytestmark = pytest.mark.once

FAST = {"extra_trees": {"trees": 10}, "boosted_trees": {"rounds": 15}, "neural_net": {"steps": 30, "seeds": 1, "hidden": 4}}
SMALL = {"level2": ["mean", "ridge"]}


@pytest.fixture
def done(world, iris, eager_tasks):
    """Return the id of an ensemble that is done."""
    made = world.admin.post("competitions/iris/ensembles", {"recipe": SMALL}).json()
    return made["id"]


@pytest.fixture
def permuted(world):
    """Return a function that asks the API for the latest run on permuted labels."""
    return lambda key: world.reader.get(f"ensembles/{key}").json()["permuted"]


# tests/numerics/test_permuted_labels.py asks the same of the computation in every run.
@pytest.mark.slow
@pytest.mark.parametrize("name", SUBJECTS)
def test_every_default_method_and_their_blend_are_at_chance(world, eager_tasks, permuted, name):
    competition = open_competition(world.admin, name)
    for model in ("line", "near", "tree"):
        keep_prediction(world.admin, competition, model)
    methods = world.reader.get("recipes/ensemble").json()["default"]["level2"]
    if name == "diabetes":
        methods = [method for method in methods if method not in ("geometric_mean", "logistic")]
    settings = {method: values for method, values in FAST.items() if method in methods}
    made = world.admin.post(f"competitions/{name}/ensembles", {"recipe": {"level2": methods, "settings": settings}}).json()
    answer = world.admin.post(f"ensembles/{made['id']}/permuted", {"runs": 3})
    found = permuted(made["id"])

    assert answer.status_code == 202
    assert (found["state"], found["verdict"]) == ("done", "at chance"), found
    assert [row["name"] for row in found["models"]] == [*methods, "blend"]
    assert {row["verdict"] for row in found["models"]} == {"at chance"}
    assert found["score"] == pytest.approx(found["chance"], abs=4 * found["sigma"])
    blend = found["models"][-1]
    assert (found["score"], found["sigmas"]) == (blend["score"], blend["sigmas"])


def test_a_method_that_sees_its_own_rows_is_found_out(world, done, permuted, monkeypatch):
    def leak(method, oof, test, truth, folds, task, **rest):
        fitted = cross_fit(method, oof, test, truth, folds, task, **rest)
        if method == "ridge":
            fitted.oof[range(len(truth)), truth] += 0.2
            fitted.oof[:] /= fitted.oof.sum(axis=1, keepdims=True)
        return fitted

    monkeypatch.setattr(permuting, "cross_fit", leak)
    world.admin.post(f"ensembles/{done}/permuted", {"runs": 2})
    found = permuted(done)

    assert found["verdict"] == "finds signal in noise"
    assert {row["name"]: row["verdict"] for row in found["models"]}["mean"] == "at chance"
    assert found["models"][1]["sigmas"] > 3


def test_it_yields_no_predictions_and_changes_no_score(world, done, permuted):
    before = world.reader.get(f"ensembles/{done}").json()
    count = Prediction.objects.count()
    world.admin.post(f"ensembles/{done}/permuted", {})
    after = world.reader.get(f"ensembles/{done}").json()

    assert Prediction.objects.count() == count
    assert after.pop("permuted")["runs"] == 5
    assert before.pop("permuted") is None
    assert after == before


def test_the_same_seed_gives_the_same_numbers_and_another_gives_others(world, done, permuted):
    found = []
    for seed in (1, 1, 2):
        world.admin.post(f"ensembles/{done}/permuted", {"runs": 2, "seed": seed})
        found.append(permuted(done)["models"])

    assert found[0] == found[1] != found[2]


def test_only_what_is_done_is_tried_and_once_at_a_time(world, iris, without_sending, permuted, monkeypatch):
    made = world.admin.post("competitions/iris/ensembles", {"recipe": SMALL}).json()["id"]
    refused = world.admin.post(f"ensembles/{made}/permuted", {})
    assert (refused.status_code, refused.json()["error"]) == (409, "WrongState")

    tasks.run(made)
    assert world.admin.post(f"ensembles/{made}/permuted", {}).json()["permuted"]["state"] == "queued"
    refused = world.admin.post(f"ensembles/{made}/permuted", {})
    assert (refused.status_code, refused.json()["error"]) == (409, "WrongState")


def test_what_it_cannot_be_asked_is_refused(world, done):
    answers = [world.admin.post(f"ensembles/{done}/permuted", form) for form in ({"runs": 1}, {"runs": 51}, {"seed": -1}, {"run": 3})]

    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(400, "InvalidRequest")] * 4


@pytest.fixture
def queued(world, iris, without_sending):
    """Return the key of a run that no worker has begun, and its ensemble's."""
    made = world.admin.post("competitions/iris/ensembles", {"recipe": SMALL}).json()["id"]
    tasks.run(made)
    world.admin.post(f"ensembles/{made}/permuted", {"runs": 2})
    return PermutedRun.objects.get().pk, made


def test_a_named_error_ends_it_under_its_own_name(queued, permuted, monkeypatch):
    def refuse(*_, **__):
        raise MetricUndefined("expected two classes, got one")

    monkeypatch.setattr(permuting, "nested_blend", refuse)
    tasks.run_permuted(queued[0])

    assert (permuted(queued[1])["state"], permuted(queued[1])["error"]["error"]) == ("failed", "MetricUndefined")


def test_the_next_attempt_goes_on_after_the_last_permutation(queued, permuted, monkeypatch):
    begun = []

    def fit(method, *args, **rest):
        begun.append(method)
        if len(begun) == 3:
            raise SystemExit
        return cross_fit(method, *args, **rest)

    monkeypatch.setattr(permuting, "cross_fit", fit)
    with pytest.raises(SystemExit):
        tasks.run_permuted(queued[0])
    assert permuted(queued[1])["progress"] == {"done": 3, "total": 6, "sentence": "permutation 2 of 2: mean"}
    tasks.run_permuted(queued[0])
    tasks.run_permuted(queued[0])

    assert begun == ["mean", "ridge", "mean", "mean", "ridge"]
    assert permuted(queued[1])["state"] == "done"


@pytest.mark.parametrize(("attempt", "state"), [(MAX_ATTEMPTS - 1, "done"), (MAX_ATTEMPTS, "failed")])
def test_the_reaper_sends_what_a_dead_worker_left_three_times(queued, permuted, eager_tasks, attempt, state):
    dead = timezone.now() - STALE_AFTER - timedelta(seconds=1)
    PermutedRun.objects.update(state="running", lease_owner="dead", lease_beat_at=dead, attempt=attempt)
    reap()

    assert permuted(queued[1])["state"] == state


def test_who_lost_the_lease_writes_nothing(queued, permuted, monkeypatch):
    def fit(*args, **rest):
        PermutedRun.objects.update(lease_owner="other")
        return cross_fit(*args, **rest)

    monkeypatch.setattr(permuting, "cross_fit", fit)
    tasks.run_permuted(queued[0])

    row = PermutedRun.objects.get()
    assert (row.state, row.trials, row.lease_owner) == ("running", [], "other")
