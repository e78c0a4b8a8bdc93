"""What tests of numerics may ask for."""

import pytest

from tests.numerics.suspects import read_spooky


@pytest.fixture(scope="session")
def spooky(shared_data):
    """Return six real models, with their real test predictions and folds."""
    return read_spooky(shared_data)
