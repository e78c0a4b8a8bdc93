"""The team's shared submissions of the day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils import timezone
from stackyard.config.tasks import reap
from stackyard.submissions.models import Submission
from stackyard.work.leases import MAX_ATTEMPTS, STALE_AFTER

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Return a function that sets the clock."""
    return lambda moment: monkeypatch.setattr("django.utils.timezone.now", lambda: moment)


@pytest.fixture
def queued(iris, submit, monkeypatch):
    """Return a submission that no worker has begun."""
    monkeypatch.setattr("stackyard.api.submissions.send_on_commit", lambda *_: None)
    return Submission.objects.get(pk=submit(headers={"Prefer": "wait=0"}).json()["id"])


def quota_of(world):
    return world.reader.get("competitions/iris/quota").json()


def test_the_quota_counts_down_and_names_when_it_begins_anew(world, iris, submit, at, eager_tasks):
    at(NOON)
    assert quota_of(world) == {"per_day": 5, "used_today": 0, "left_today": 5, "resets_at": "2026-05-02T00:00:00Z"}
    submit()
    submit(person=world.admin)

    assert (quota_of(world)["used_today"], quota_of(world)["left_today"]) == (2, 3)


def test_the_quota_is_the_teams_and_not_a_members(world, iris, submit, at, eager_tasks):
    at(NOON)
    type(iris).objects.update(submissions_per_day=2)
    assert [submit(person=person).status_code for person in (world.member, world.admin)] == [201, 201]
    refused = submit(person=world.join("late"))

    assert (refused.status_code, refused.json()["error"]) == (429, "QuotaExceeded")
    assert Submission.objects.count() == 2


def test_a_new_utc_day_gives_a_new_quota(world, iris, submit, at, eager_tasks):
    type(iris).objects.update(submissions_per_day=1)
    at(NOON.replace(hour=23, minute=59, second=59))
    assert [submit().status_code, submit().status_code] == [201, 429]
    at(datetime(2026, 5, 2, tzinfo=UTC))

    made = submit().json()
    assert (made["number"], made["day"]) == (2, "2026-05-02")


def test_a_quota_of_none_takes_nothing(world, iris, submit, at):
    at(NOON)
    type(iris).objects.update(submissions_per_day=0)

    assert submit().json()["error"] == "QuotaExceeded"


def test_the_quota_holds_however_many_come_at_once(transactional_db, world, iris, submit, monkeypatch):
    monkeypatch.setattr("stackyard.api.submissions.send_on_commit", lambda *_: None)
    type(iris).objects.update(submissions_per_day=3)
    people = [world.join(f"member-{number}") for number in range(8)]

    def ask(person):
        try:
            return submit(person=person, headers={"Prefer": "wait=0"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        codes = sorted(pool.map(ask, people))

    assert codes == [202] * 3 + [429] * 5
    assert sorted(Submission.objects.values_list("number", flat=True)) == [1, 2, 3]
    assert sorted(Submission.objects.values_list("slot", flat=True)) == [1, 2, 3]


def _leave_behind(submission, attempt):
    Submission.objects.filter(pk=submission.pk).update(lease_owner="dead", lease_beat_at=timezone.now() - 2 * STALE_AFTER, attempt=attempt)


def test_the_reaper_has_a_dead_workers_file_written(world, queued, eager_tasks):
    _leave_behind(queued, attempt=1)
    reap()

    assert world.reader.get(f"submissions/{queued.pk}").json()["state"] == "built"


def test_after_three_attempts_it_fails_by_name_and_gives_its_place_back(world, queued, eager_tasks):
    assert quota_of(world)["used_today"] == 1
    _leave_behind(queued, attempt=MAX_ATTEMPTS)
    reap()

    found = world.reader.get(f"submissions/{queued.pk}").json()
    assert (found["state"], found["error"]["error"]) == ("failed", "WorkerLost")
    assert quota_of(world)["used_today"] == 0
