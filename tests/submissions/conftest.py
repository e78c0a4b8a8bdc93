import pytest

from tests.ensembles.yard import keep_prediction, open_competition


@pytest.fixture
def iris(world):
    """Return an open competition (probability columns) in which a member has one scored model."""
    competition = open_competition(world.admin, "iris")
    keep_prediction(world.member, competition, "line")
    return competition


@pytest.fixture
def submit(world):
    """Return a function that submits and returns the answer."""

    def submit(prediction="line", slug="iris", person=None, **more):
        return (person or world.member).post(f"competitions/{slug}/submissions", {"prediction": prediction}, **more)

    return submit


@pytest.fixture
def file_of(world):
    """Return a function that fetches a submission's bytes."""
    return lambda submission: world.reader.get(f"submissions/{submission['id']}/file").getvalue()
