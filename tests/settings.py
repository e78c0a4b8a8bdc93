"""The server's settings for tests: a home of its own for each test process, and the database that TEST_DATABASE_URL names."""

import atexit
import os
import shutil
import tempfile

TEST_HOME = tempfile.mkdtemp(prefix="stackyard-tests-")
atexit.register(shutil.rmtree, TEST_HOME, ignore_errors=True)
os.environ["STACKYARD_HOME"] = TEST_HOME
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
for name in ("BROKER_URL", "STACKYARD_URL", "STACKYARD_TOKEN", "STACKYARD_BLOBS"):
    os.environ.pop(name, None)

from stackyard.config.settings import *  # noqa: E402, F403 - it reads the environment when it is loaded

# Argon2 is slow on purpose, and nothing here is worth guessing.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # In memory, threads would meet other locks than those of the file that the server keeps.
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(TEST_HOME, "test.sqlite3")}  # noqa: F405, PTH118
