import pytest
from stackyard.work import leases

from tests.ensembles.yard import keep_prediction, open_competition


@pytest.fixture
def iris(world):
    """Return an open competition whose admin has uploaded one model, and whose member two."""
    competition = open_competition(world.admin, "iris")
    keep_prediction(world.admin, competition, "line")
    keep_prediction(world.member, competition, "near")
    keep_prediction(world.member, competition, "tree")
    return competition


@pytest.fixture
def without_sending(monkeypatch):
    """Keep triggered ensembles where they are: a test runs the task itself."""
    monkeypatch.setattr("stackyard.api.ensembles.send_on_commit", lambda *_: None)


@pytest.fixture(autouse=True)
def without_heartbeat(monkeypatch):
    """Let no lease beat: nothing outside a test's transaction can see its rows, so a beat of a slow machine's would find them gone."""
    monkeypatch.setattr(leases, "BEAT_SECONDS", 3600)
