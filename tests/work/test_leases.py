"""Leases, on the rows of a real table."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from stackyard.competitions.models import Competition
from stackyard.work import leases
from stackyard.work.leases import MAX_ATTEMPTS, STALE_AFTER, beat, claim, holding, requeue_stale, take_back_stale

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(world):
    competition = Competition.objects.create(
        team=world.team, slug="leased", name="Leased", task="binary", metric="accuracy_score", spec={}, created_by=world.admin.user
    )
    return Competition.objects.filter(pk=competition.pk)


def age(rows, **ages):
    """Move moments into the past."""
    rows.update(**{name: timezone.now() - by for name, by in ages.items()})


def test_a_row_is_claimed_by_one_owner_only(row):
    assert claim(row, "first")
    assert not claim(row, "second")


def test_a_row_whose_owner_fell_silent_is_taken_over(row):
    claim(row, "first")
    age(row, lease_beat_at=STALE_AFTER + timedelta(seconds=1))

    assert claim(row, "second")
    assert not beat(row, "first")


def test_work_that_ends_well_forgets_its_attempts(row):
    claim(row, "first")
    with holding(row, "first"):
        assert row.get().attempt == 1

    assert (row.get().attempt, row.get().lease_owner) == (0, "")


def test_work_that_breaks_off_counts_as_an_attempt(row):
    claim(row, "first")
    with pytest.raises(ZeroDivisionError), holding(row, "first"):
        raise ZeroDivisionError

    assert (row.get().attempt, row.get().lease_owner) == (1, "")


def test_each_stale_row_is_taken_back_by_one_reaper_only(row):
    claim(row, "first")
    age(row, lease_beat_at=STALE_AFTER + timedelta(seconds=1))

    assert take_back_stale(row) == [row.get().pk]
    assert take_back_stale(row) == []


def test_a_row_that_the_broker_lost_is_sent_again_and_a_fresh_one_is_not(row):
    assert take_back_stale(row) == []
    age(row, queued_at=timedelta(minutes=2))
    assert take_back_stale(row) == [row.get().pk]


def test_a_row_that_is_being_worked_at_is_left_alone(row):
    claim(row, "first")
    age(row, queued_at=timedelta(hours=2))

    assert take_back_stale(row) == []


def test_after_the_last_attempt_a_row_is_given_up(row):
    sent, given_up = [], []
    for _ in range(MAX_ATTEMPTS + 1):
        claim(row, "whoever")
        age(row, lease_beat_at=STALE_AFTER + timedelta(seconds=1))
        requeue_stale(row, sent.append, given_up.append)
        if given_up:
            break

    assert len(sent) == MAX_ATTEMPTS - 1
    assert given_up == [row.get().pk]


def test_a_heartbeat_that_does_not_reach_the_database_is_not_the_last(row, monkeypatch):
    came = []
    enough = threading.Event()

    def unreachable_at_first(rows, owner):
        came.append(owner)
        if len(came) == 1:
            raise OperationalError("database is locked")
        enough.set()
        return True

    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.001)
    monkeypatch.setattr(leases, "beat", unreachable_at_first)
    claim(row, "first")
    with holding(row, "first") as lost:
        assert enough.wait(timeout=30)

    assert not lost.is_set()
