#!/usr/bin/env bash
# All tests on SQLite and the embedded broker; and what meets the database again on a real Postgres and a broker of its own:
# those that TEST_DATABASE_URL and TEST_BROKER_URL name, else ones from wheels. Arguments go to pytest.
set -uo pipefail
cd "$(dirname "$0")/.."
PYTHON=.venv/bin/python
# Test processes with threads for every core each would wait for one another.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1
# Every test process and every server that a test starts reads the same sources: they are compiled once.
unset PYTHONDONTWRITEBYTECODE
status=0

# The passes share nothing, and often wait (for servers to start, for leases to run out): together they take less time.
second=$(mktemp)
trap 'kill "$second_pid" 2>/dev/null; rm -f "$second"' EXIT
$PYTHON -m tests.services $PYTHON -m pytest --database-only -p no:cacheprovider "$@" >"$second" 2>&1 &
second_pid=$!

echo "== 1 of 2: everything, on SQLite"
# A file's tests share what they set up, so each file stays in one process; the order is that of tests/conftest.py.
env -u TEST_DATABASE_URL -u TEST_BROKER_URL $PYTHON -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@" || status=1
echo "== 2 of 2: what meets the database, on Postgres"
wait "$second_pid" || status=1
cat "$second"

$PYTHON -m tests.browser >/dev/null || echo "The browser tests were skipped: there is no Chromium here (Debian: apt-get install chromium)."
exit $status
