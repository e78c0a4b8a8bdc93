"""Tasks without a queue: what a commit would send is run as soon as the commit would have been."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import Atomic
from stackyard.config.celery import app
from stackyard.work import leases


class CommitNow:
    """Runs what waits for the commit when a test's code leaves its outermost transaction.

    A test of pytest-django runs inside transactions that are rolled back, so that nothing is ever committed. What lies below the
    depth at which the test began counts as committed. What a rolled-back block had asked for is forgotten, as Django does.
    """

    def __init__(self) -> None:
        self.depth = len(connection.savepoint_ids)
        self.register = transaction.on_commit
        self.leave = Atomic.__exit__

    def on_commit(self, function: Any, using: str | None = None, robust: bool = False) -> None:
        self.register(function, using, robust)
        self.run_due()

    def exit(self, block: Atomic, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.leave(block, kind, error, trace)
        self.run_due()

    def run_due(self) -> None:
        while len(connection.savepoint_ids) <= self.depth and connection.run_on_commit:
            _, function, _ = connection.run_on_commit.pop(0)
            function()


def run_tasks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks run in this process, right after the transaction that sends them."""
    now = CommitNow()
    # The test's own open transaction would keep a heartbeat out of the database.
    monkeypatch.setattr(leases, "BEAT_SECONDS", 3600)
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    monkeypatch.setitem(app.conf, "task_eager_propagates", True)
    monkeypatch.setattr(transaction, "on_commit", now.on_commit)
    monkeypatch.setattr(Atomic, "__exit__", lambda block, *error: now.exit(block, *error))  # noqa: PLW0108 - a bound method would not get the block
