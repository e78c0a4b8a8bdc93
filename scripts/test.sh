#!/usr/bin/env bash
# All tests on SQLite and the embedded broker; then what meets the database again on a real Postgres and a broker of its own:
# those that TEST_DATABASE_URL and TEST_BROKER_URL name, else ones from wheels. Arguments go to pytest.
set -uo pipefail
cd "$(dirname "$0")/.."
PYTHON=.venv/bin/python
# Two test processes with threads for every core each would wait for one another.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1
# A file's tests share what they set up, so each file stays in one process; the order is that of tests/conftest.py.
pytest=($PYTHON -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@")
status=0

echo "== 1 of 2: everything, on SQLite"
env -u TEST_DATABASE_URL -u TEST_BROKER_URL "${pytest[@]}" || status=1
echo "== 2 of 2: what meets the database, on Postgres"
$PYTHON -m tests.services "${pytest[@]}" --database-only || status=1

$PYTHON -m tests.browser >/dev/null || echo "The browser tests were skipped: there is no Chromium here (Debian: apt-get install chromium)."
exit $status
