import hashlib

import pytest


@pytest.fixture
def home(settings, tmp_path):
    """A home of its own, so that a test may count files."""
    settings.HOME = tmp_path
    settings.TEMPORARY = tmp_path / "tmp"
    return tmp_path


@pytest.fixture
def digest_of():
    return lambda data: hashlib.sha256(data).hexdigest()
