#!/usr/bin/env bash
# All tests on SQLite and the embedded broker; and what meets the database again on a real Postgres and a broker of its own:
# those that TEST_DATABASE_URL and TEST_BROKER_URL name, else ones from wheels. Arguments (options, not paths) go to pytest.
set -uo pipefail
cd "$(dirname "$0")/.."
PYTHON=.venv/bin/python
# Test processes with threads for every core each would wait for one another.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1
# Every test process and every server that a test starts reads the same sources: they are compiled once.
unset PYTHONDONTWRITEBYTECODE
# Rooms without Django, in two shares; tests that mostly wait for servers of their own; all the rest is the fourth.
NUMBERS="tests/numerics"
FILES="tests/pipelines tests/contract tests/members tests/benchmarks pipelines members"
SERVERS="tests/end_to_end tests/frontend tests/ops"
logs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$logs"' EXIT
status=0

# Every server that a test starts migrates its database, on SQLite and on Postgres; tests of rooms make their tables from the models,
# which `make check` holds to the migrations.
PYTEST="$PYTHON -m pytest -p no:cacheprovider --nomigrations"
ON_SQLITE="env -u TEST_DATABASE_URL -u TEST_BROKER_URL $PYTEST"

# They share nothing and often wait (for servers to start, for leases to run out): side by side they take less time,
# and each reads only the tests and the libraries that are its own. The two that never wait give way, so that they are not done long
# before the longest one, which is then alone with one core.
nice -n 3 $ON_SQLITE "$@" $FILES >"$logs/files" 2>&1 &
files=$!
$ON_SQLITE "$@" $SERVERS >"$logs/servers" 2>&1 &
servers=$!
$ON_SQLITE "$@" $(printf -- "--ignore=%s " $NUMBERS $FILES $SERVERS) >"$logs/rooms" 2>&1 &
rooms=$!
$PYTHON -m tests.services $PYTEST "$@" --database-only >"$logs/again" 2>&1 &
again=$!

show() {
    echo "== $1"
    wait "$2" || status=1
    cat "$logs/$3"
}

echo "== 1 of 5: numbers"
nice -n 3 $ON_SQLITE "$@" $NUMBERS || status=1
show "2 of 5: files, members and pipelines" $files files
show "3 of 5: rooms with a database, on SQLite" $rooms rooms
show "4 of 5: running servers, and the page in a browser" $servers servers
show "5 of 5: what meets the database, on Postgres" $again again

$PYTHON -m tests.browser >/dev/null || echo "The browser tests were skipped: there is no Chromium here (Debian: apt-get install chromium)."
exit $status
