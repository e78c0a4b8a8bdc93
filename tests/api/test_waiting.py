"""`Prefer: wait=N`: an answer may wait for its outcome."""

import pytest
from rest_framework.request import Request
from stackyard.api import views
from stackyard.api.views import await_outcome, wait_preferred


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 0), ("wait=10", 10), ("respond-async, wait=7", 7), ("wait = 5", 5), ("wait=90", 30), ("wait=soon", 0), ("await=9", 0)],
)
def test_the_header_is_read_and_limited(rf, header, seconds):
    assert wait_preferred(Request(rf.get("/", headers={"Prefer": header}))) == seconds


class Clock:
    """Time that passes only while somebody sleeps."""

    now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(views, "time", clock)
    return clock


def test_it_ends_as_soon_as_it_is_done(clock):
    assert await_outcome(lambda: clock.now, lambda now: now > 0.95, seconds=10) == pytest.approx(1)


def test_it_ends_when_the_seconds_are_over(clock):
    assert await_outcome(lambda: clock.now, lambda _: False, seconds=2) == pytest.approx(2)


def test_it_asks_once_where_nobody_waits(clock):
    assert await_outcome(lambda: clock.now, lambda _: False, seconds=0) == 0
