"""Level-2 models spread over workers: each fitted once, by whoever is free, and the last one to end brings the blend."""

from datetime import timedelta

import pytest
from django.utils import timezone
from stackyard.config.tasks import reap
from stackyard.ensembles import fitting, running, sharing, tasks
from stackyard.ensembles.models import Ensemble, Level2Fit
from stackyard.errors import MetricUndefined
from stackyard.numerics.stacking import cross_fit
from stackyard.predictions.models import Prediction
from stackyard.work.leases import MAX_ATTEMPTS, RESEND_AFTER, STALE_AFTER

RECIPE = {"level2": ["mean", "ridge", "geometric_mean"], "blend": "mean"}


@pytest.fixture
def queued(world, iris, without_sending):
    """Return the key of an ensemble that no worker has begun."""
    return world.admin.post("competitions/iris/ensembles", {"recipe": RECIPE}).json()["id"]


@pytest.fixture
def ensemble(world, queued):
    """Return a function that asks the API for the ensemble."""
    return lambda: world.reader.get(f"ensembles/{queued}").json()


@pytest.fixture
def fitted(monkeypatch):
    """Return the methods that were fitted, in turn, and what is to happen when the fits of one begin."""
    methods, happen = [], {}

    def fit(method, *args, **rest):
        methods.append(method)
        happen.pop(method, lambda: None)()
        return cross_fit(method, *args, **rest)

    monkeypatch.setattr(fitting, "cross_fit", fit)
    return methods, happen


@pytest.fixture
def sent(monkeypatch):
    """Keep what is sent; return it as (task, key)."""
    messages = []
    monkeypatch.setattr(sharing, "send_on_commit", lambda task, key: messages.append((task.name.rsplit(".")[-1], key)))
    return messages


def key_of(method):
    return Level2Fit.objects.get(key=method).pk


def hold(method, beat_at=None):
    """Have another worker hold a model."""
    Level2Fit.objects.filter(key=method).update(lease_owner="other", lease_beat_at=beat_at or timezone.now(), attempt=1)


def let_go(method):
    Level2Fit.objects.filter(key=method).update(lease_owner="", lease_beat_at=None)


def test_others_are_told_of_all_models_but_the_first_from_the_last_on(queued, sent, fitted):
    tasks.run(queued)

    assert sent == [("fit", key_of("geometric_mean")), ("fit", key_of("ridge"))]


def test_one_worker_alone_fits_all_in_the_recipes_order_and_late_messages_find_nothing_to_do(queued, ensemble, sent, fitted):
    tasks.run(queued)
    before = ensemble()
    for _, key in list(sent):
        tasks.fit(key)

    assert fitted[0] == RECIPE["level2"]
    assert (before["state"], ensemble()) == ("done", before)


def test_what_another_worker_took_meanwhile_is_not_fitted_again(queued, ensemble, sent, fitted):
    methods, happen = fitted
    happen["mean"] = lambda: tasks.fit(key_of("geometric_mean"))
    tasks.run(queued)

    assert methods == ["mean", "geometric_mean", "ridge"]
    assert ensemble()["state"] == "done"
    assert [row["method"] for row in ensemble()["predictions"]] == ["mean", "ridge", "geometric_mean", "blend"]
    assert [row["name"] for row in sorted(ensemble()["members"], key=lambda row: row["prediction"])][-2:] != ["geometric_mean", "ridge"]


def test_the_bytes_are_those_of_one_worker_alone(world, queued, ensemble, sent, fitted):
    fitted[1]["mean"] = lambda: tasks.fit(key_of("geometric_mean"))
    tasks.run(queued)
    alone = world.admin.post("competitions/iris/ensembles", {"recipe": RECIPE}).json()["id"]
    tasks.run(alone)

    runs = [world.reader.get(f"ensembles/{key}").json()["predictions"] for key in (queued, alone)]
    digests = [[Prediction.objects.get(pk=row["id"]).oof_digest for row in rows] for rows in runs]
    assert digests[0] == digests[1]


def test_the_blend_waits_for_a_model_that_another_worker_is_at(queued, ensemble, sent, fitted):
    fitted[1]["mean"] = lambda: hold("ridge")
    tasks.run(queued)

    row = Ensemble.objects.get(pk=queued)
    assert (row.state, row.lease_owner, row.attempt) == ("running", "", 0)
    assert ensemble()["progress"]["done"] == 8
    assert ensemble()["prediction"] is None


def test_who_ends_the_last_model_sends_the_ensemble(queued, ensemble, sent, fitted):
    fitted[1]["mean"] = lambda: hold("ridge")
    tasks.run(queued)
    sent.clear()
    let_go("ridge")
    tasks.fit(key_of("ridge"))
    assert sent == [("run", queued)]
    assert ensemble()["state"] == "done"  # by the same hands, since the message may have to wait

    tasks.run(queued)
    assert Prediction.objects.filter(level=3).count() == 1
    assert fitted[0] == ["mean", "geometric_mean", "ridge"]


def test_a_model_that_ends_just_before_the_lease_is_given_back_is_seen_by_the_last_look(queued, ensemble, sent, fitted, monkeypatch):
    work = running._work

    def then_the_other_ends(*args):
        work(*args)
        if Level2Fit.objects.filter(lease_owner="other"):
            let_go("ridge")
            tasks.fit(key_of("ridge"))
            tasks.run(queued)  # the message comes while the lease is held, and finds it taken

    monkeypatch.setattr(running, "_work", then_the_other_ends)
    fitted[1]["mean"] = lambda: hold("ridge")
    tasks.run(queued)

    assert ensemble()["state"] == "done"


def test_two_who_end_the_last_models_at_once_bring_one_blend(queued, ensemble, sent, fitted):
    fitted[1]["mean"] = lambda: hold("ridge")
    tasks.run(queued)
    let_go("ridge")
    tasks.fit(key_of("ridge"))
    for task, key in [*sent, ("run", queued)]:
        getattr(tasks, task)(key)

    assert sent[-1] == ("run", queued)
    assert Prediction.objects.filter(level=3).count() == 1


def test_a_helper_sees_a_cancellation(world, queued, ensemble, sent, fitted):
    methods, happen = fitted
    happen["mean"] = lambda: (world.admin.post(f"ensembles/{queued}/cancel"), tasks.fit(key_of("geometric_mean")))
    tasks.run(queued)

    assert ensemble()["state"] == "cancelled"
    assert methods == ["mean"]
    assert not Prediction.objects.filter(level__gt=1).exists()


def test_a_helpers_failure_ends_the_ensemble_and_whoever_runs_it_stops(queued, ensemble, sent, fitted):
    def fail():
        raise MetricUndefined("expected two classes, got one")

    methods, happen = fitted
    happen["mean"] = lambda: tasks.fit(key_of("geometric_mean"))
    happen["geometric_mean"] = fail
    tasks.run(queued)

    assert (ensemble()["state"], ensemble()["error"]["error"]) == ("failed", "MetricUndefined")
    assert methods == ["mean", "geometric_mean"]


def test_a_helper_who_lost_the_model_decides_nothing(queued, ensemble, sent, fitted):
    def lose():
        hold("geometric_mean")
        raise MetricUndefined("expected two classes, got one")

    fitted[1]["mean"] = lambda: tasks.fit(key_of("geometric_mean"))
    fitted[1]["geometric_mean"] = lose
    tasks.run(queued)

    assert (ensemble()["state"], ensemble()["error"]) == ("running", {})


def _leave_behind(method, attempt):
    dead = timezone.now() - STALE_AFTER - timedelta(seconds=1)
    hold(method, dead)
    Level2Fit.objects.filter(key=method).update(attempt=attempt)


def test_the_reaper_sends_what_a_dead_helper_left(queued, ensemble, fitted, sent, request):
    fitted[1]["mean"] = lambda: hold("ridge")
    tasks.run(queued)
    _leave_behind("ridge", attempt=MAX_ATTEMPTS - 1)
    request.getfixturevalue("eager_tasks")
    reap()

    assert sent[-1] == ("run", queued)
    Ensemble.objects.filter(pk=queued).update(queued_at=timezone.now() - RESEND_AFTER - timedelta(seconds=1))
    reap()
    assert ensemble()["state"] == "done"


def test_a_model_that_costs_three_workers_the_life_ends_the_ensemble(queued, ensemble, fitted, sent, request):
    fitted[1]["mean"] = lambda: hold("ridge")
    tasks.run(queued)
    _leave_behind("ridge", attempt=MAX_ATTEMPTS)
    request.getfixturevalue("eager_tasks")
    reap()

    assert (ensemble()["state"], ensemble()["error"]["error"]) == ("failed", "WorkerLost")
    assert "expected ridge to be fitted; the worker died at it 3 times" in ensemble()["error"]["detail"]


def test_a_model_whose_worker_died_is_taken_over_by_the_next_run(queued, ensemble, fitted, sent):
    fitted[1]["mean"] = lambda: hold("ridge")
    tasks.run(queued)
    _leave_behind("ridge", attempt=1)
    tasks.run(queued)

    assert ensemble()["state"] == "done"


def test_inputs_that_would_fill_a_machine_are_held_by_one_worker(queued, ensemble, sent, fitted, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_SHARED_BYTES", 1000)
    fitted[1]["mean"] = lambda: tasks.fit(key_of("geometric_mean"))
    tasks.run(queued)

    assert sent == []
    assert fitted[0] == RECIPE["level2"]
    assert ensemble()["state"] == "done"


def test_with_a_queue_all_come_to_one_end(world, iris, eager_tasks, fitted):
    made = world.admin.post("competitions/iris/ensembles", {"recipe": RECIPE}).json()
    done = world.reader.get(f"ensembles/{made['id']}").json()

    assert (done["state"], sorted(fitted[0])) == ("done", sorted(RECIPE["level2"]))
    assert done["progress"] == {"done": 17, "total": 17, "sentence": "done"}
