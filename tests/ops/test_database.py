"""Both passes of `make test` meet the database that they claim to meet."""

import os

from django.db import connection


def test_the_database_is_the_one_that_was_asked_for(db):
    assert connection.vendor == ("postgresql" if os.environ.get("TEST_DATABASE_URL") else "sqlite")
