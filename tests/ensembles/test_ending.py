"""How ensembles end that do not run straight through: cancelled, failed, left behind by a dead worker, computed twice."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone
from stackyard.config.tasks import reap
from stackyard.ensembles import fitting, progress, tasks
from stackyard.ensembles.models import Ensemble, EnsembleOutput, Level2Fit
from stackyard.errors import Cancelled, MetricUndefined
from stackyard.numerics.stacking import cross_fit
from stackyard.predictions.models import Prediction
from stackyard.work.failures import LeaseLost
from stackyard.work.leases import MAX_ATTEMPTS, STALE_AFTER

RECIPE = {"level2": ["mean", "ridge"], "blend": "mean"}


@pytest.fixture
def queued(world, iris, without_sending):
    """Return the key of an ensemble that no worker has begun."""
    return world.admin.post("competitions/iris/ensembles", {"recipe": RECIPE}).json()["id"]


@pytest.fixture
def ensemble(world, queued):
    """Return a function that asks the API for the ensemble."""
    return lambda: world.reader.get(f"ensembles/{queued}").json()


@pytest.fixture
def while_fitting(monkeypatch):
    """Return a function that has something happen when the fits of a method begin."""

    def arrange(method, happen):
        def fit(name, *args, **kwargs):
            if name == method:
                happen()
            return cross_fit(name, *args, **kwargs)

        monkeypatch.setattr(fitting, "cross_fit", fit)

    return arrange


def raising(error):
    def happen():
        raise error

    return happen


def test_a_queued_ensemble_is_cancelled_at_once(world, queued, ensemble):
    answer = world.admin.post(f"ensembles/{queued}/cancel")

    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    assert answer.json()["error"]["error"] == "Cancelled"
    tasks.run(queued)
    assert ensemble()["state"] == "cancelled"
    assert not Prediction.objects.filter(level__gt=1).exists()


def test_a_running_ensemble_stops_between_fits(world, queued, ensemble, while_fitting, monkeypatch):
    monkeypatch.setattr(progress, "WRITE_EVERY_SECONDS", 0)
    answers = []
    while_fitting("ridge", lambda: answers.append(world.admin.post(f"ensembles/{queued}/cancel")))
    tasks.run(queued)

    assert (answers[0].status_code, answers[0].json()["state"]) == (202, "running")
    done = ensemble()
    assert (done["state"], done["error"]["error"], done["score"]) == ("cancelled", "Cancelled", None)
    assert done["finished_at"] is not None
    assert [row["method"] for row in done["predictions"]] == ["mean"]
    assert done["progress"]["done"] == 4


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_what_has_ended_cannot_be_cancelled(world, queued, state):
    Ensemble.objects.filter(pk=queued).update(state=state, score=0.5)

    answer = world.admin.post(f"ensembles/{queued}/cancel")

    assert (answer.status_code, answer.json()["error"]) == (409, "WrongState")


def test_a_named_error_ends_it_under_its_own_name(queued, ensemble, while_fitting):
    while_fitting("ridge", raising(MetricUndefined("expected two classes, got one")))
    tasks.run(queued)

    assert ensemble()["state"] == "failed"
    assert ensemble()["error"] == {"error": "MetricUndefined", "detail": "expected two classes, got one", "count": 0, "rows": []}


def test_an_unforeseen_error_ends_it_as_a_fault_and_reaches_the_log(queued, ensemble, while_fitting):
    while_fitting("ridge", raising(ZeroDivisionError("secret inner words")))
    with pytest.raises(ZeroDivisionError):
        tasks.run(queued)

    assert (ensemble()["state"], ensemble()["error"]["error"]) == ("failed", "ServerFault")
    assert "got ZeroDivisionError" in ensemble()["error"]["detail"]
    assert "secret" not in ensemble()["error"]["detail"]


def test_a_database_that_does_not_answer_ends_nothing(queued, ensemble, while_fitting):
    while_fitting("ridge", raising(DatabaseError("gone")))
    with pytest.raises(DatabaseError):
        tasks.run(queued)

    row = Ensemble.objects.get(pk=queued)
    assert (row.state, row.lease_owner, row.attempt) == ("running", "", 1)


def test_the_next_attempt_goes_on_where_the_last_one_stopped(queued, ensemble, while_fitting, monkeypatch):
    while_fitting("ridge", raising(SystemExit()))
    with pytest.raises(SystemExit):
        tasks.run(queued)
    before = ensemble()["predictions"]
    assert [row["method"] for row in before] == ["mean"]

    fitted = []
    monkeypatch.setattr(fitting, "cross_fit", lambda name, *args, **kwargs: fitted.append(name) or cross_fit(name, *args, **kwargs))
    tasks.run(queued)

    assert fitted == ["ridge"]
    assert ensemble()["state"] == "done"
    assert ensemble()["predictions"][:1] == before
    assert Prediction.objects.filter(level=2).count() == 2


def test_an_output_that_was_stored_but_not_noted_is_found_again(queued, ensemble):
    tasks.run(queued)
    EnsembleOutput.objects.all().delete()
    Prediction.objects.filter(level__gt=1).update(state="receiving", score=None)
    Ensemble.objects.filter(pk=queued).update(state="running", score=None, blended=None)
    tasks.run(queued)

    assert ensemble()["state"] == "done"
    assert Prediction.objects.filter(level__gt=1).count() == 3


def test_computing_twice_changes_nothing(queued, ensemble):
    tasks.run(queued)
    first = ensemble()
    tasks.run(queued)

    assert ensemble() == first
    assert Prediction.objects.filter(level__gt=1).count() == 3


def test_a_lease_that_somebody_holds_keeps_others_out(queued, ensemble):
    Ensemble.objects.filter(pk=queued).update(lease_owner="other", lease_beat_at=timezone.now())
    tasks.run(queued)

    assert ensemble()["state"] == "queued"


def test_who_lost_the_lease_stops_and_decides_nothing(queued, ensemble, while_fitting, monkeypatch):
    monkeypatch.setattr(progress, "WRITE_EVERY_SECONDS", 0)
    taken = {"lease_owner": "other", "lease_beat_at": timezone.now()}
    while_fitting("ridge", lambda: Ensemble.objects.filter(pk=queued).update(**taken))
    tasks.run(queued)

    row = Ensemble.objects.get(pk=queued)
    assert (row.state, row.lease_owner) == ("running", "other")
    assert row.error == {}


def _leave_behind(key, attempt):
    dead = timezone.now() - STALE_AFTER - timedelta(seconds=1)
    Ensemble.objects.filter(pk=key).update(state="running", lease_owner="dead", lease_beat_at=dead, attempt=attempt)


def test_the_reaper_sends_what_a_dead_worker_left(queued, ensemble, eager_tasks):
    _leave_behind(queued, attempt=MAX_ATTEMPTS - 1)
    reap()

    assert ensemble()["state"] == "done"


def test_after_three_attempts_it_fails_by_name(queued, ensemble, eager_tasks):
    _leave_behind(queued, attempt=MAX_ATTEMPTS)
    reap()

    assert (ensemble()["state"], ensemble()["error"]["error"]) == ("failed", "WorkerLost")
    assert "3 times" in ensemble()["error"]["detail"]


def test_a_worker_that_is_alive_is_left_alone(queued, ensemble, eager_tasks):
    Ensemble.objects.filter(pk=queued).update(lease_owner="alive", lease_beat_at=timezone.now(), attempt=MAX_ATTEMPTS)
    reap()

    assert ensemble()["state"] == "queued"


def test_cancelling_what_a_dead_worker_left_ends_it_at_the_next_attempt(world, queued, ensemble, eager_tasks):
    _leave_behind(queued, attempt=1)
    assert world.admin.post(f"ensembles/{queued}/cancel").json()["state"] == "running"
    reap()

    assert ensemble()["state"] == "cancelled"
    assert not Prediction.objects.filter(level__gt=1).exists()


@pytest.fixture
def clock(monkeypatch):
    """Return the clock that progress looks at, to be set."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def held(queued):
    """Return an ensemble of two level-2 models on 4 folds, whose lease and first model `me` holds."""
    mine = {"lease_owner": "me", "lease_beat_at": timezone.now()}
    Ensemble.objects.filter(pk=queued).update(state="running", **mine)
    Level2Fit.objects.create(ensemble_id=queued, key="mean", **mine)
    Level2Fit.objects.create(ensemble_id=queued, key="ridge", done=2, lease_owner="other")
    return Ensemble.objects.get(pk=queued)


def test_progress_is_written_at_most_every_half_second_and_at_the_end(held, ensemble, clock):
    count = progress.fit_progress(held, "mean", "me", threading.Event())
    count.begin("mean: begins")
    count.count(1, 4, "second fit")
    assert ensemble()["progress"] == {"done": 2, "total": 13, "sentence": "mean: begins"}

    clock[0] += 0.5
    count.count(2, 4, "third fit")
    assert ensemble()["progress"] == {"done": 4, "total": 13, "sentence": "third fit"}
    count.count(4, 4, "done")
    assert ensemble()["progress"]["done"] == 6


def test_progress_adds_up_over_workers_and_the_blend(held, ensemble, clock):
    progress.fit_progress(held, "ridge", "other", threading.Event()).count(4, 4, "ridge: done")
    progress.fit_progress(held, "mean", "me", threading.Event()).count(4, 4, "mean: done")
    progress.blend_progress(held, "me", threading.Event()).count(5, 5, "blend: done")

    assert ensemble()["progress"] == {"done": 13, "total": 13, "sentence": "blend: done"}


@pytest.fixture(params=["fit", "blend"])
def count(request, held):
    """Return the progress of a model, or of the blend."""
    return (
        progress.fit_progress(held, "mean", "me", threading.Event())
        if request.param == "fit"
        else progress.blend_progress(held, "me", threading.Event())
    )


def test_progress_is_where_a_cancellation_is_seen(held, count):
    Ensemble.objects.filter(pk=held.pk).update(cancel_asked=True)
    with pytest.raises(Cancelled):
        count.begin("next")


def test_progress_is_where_a_lost_lease_is_seen(held, count):
    Ensemble.objects.filter(pk=held.pk).update(lease_owner="other")
    Level2Fit.objects.filter(key="mean").update(lease_owner="other")
    with pytest.raises(LeaseLost):
        count.begin("next")


def test_progress_is_where_it_is_seen_that_another_worker_ended_the_ensemble(held, count):
    Ensemble.objects.filter(pk=held.pk).update(state="failed")
    with pytest.raises(LeaseLost):
        count.begin("next")
