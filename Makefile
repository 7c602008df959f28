# Every target works first, alone and twice: each brings .venv up to requirements.lock before it starts.

.DEFAULT_GOAL := help
PORT ?=
HEADLESS ?=
export PYTHON

BIN := .venv/bin
# One worker a core; a file stays with one worker, which keeps what its tests share.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

# Nothing that runs here reports to its maker.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := 1
export GX_ANALYTICS_ENABLED := false
export STREAMLIT_BROWSER_GATHER_USAGE_STATS := false
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

.PHONY: help
help: ## this list
	@echo "Relier: relational performance beside financial performance."
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12 | sed 's/^/  make /'

.PHONY: venv
venv: ## install requirements.lock into .venv, or mend it (PYTHON=/path/to/python3.12 chooses one)
	@sh tools/bootstrap.sh

.PHONY: demo
demo: venv ## run the whole pipeline on examples/demo and serve the scorecard (PORT=8600 chooses, HEADLESS=1 only publishes)
	@$(BIN)/relier --home examples/demo run
ifeq ($(filter-out 0,$(HEADLESS)),)
	@$(BIN)/relier --home examples/demo dashboard $(if $(PORT),--port $(PORT))
endif

.PHONY: test
test: venv ## everything that guards a change, browser included (at most 20 minutes on 2 cores)
	@options=$$($(BIN)/python tools/browser.py) && \
		PYTEST_ADDOPTS="$$options $${PYTEST_ADDOPTS:-}" $(BIN)/python -m pytest -q $(SIDE_BY_SIDE) --durations=10

.PHONY: quick
quick: venv ## the unit and architecture tests that build no warehouse (under 3 minutes)
	@$(BIN)/python -m pytest -q $(SIDE_BY_SIDE) --ignore=tests/unit/dbt tests/unit tests/test_architecture.py

.PHONY: check
check: venv ## style, types, SQL style, import rules, compatible packages
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt_project
	$(BIN)/lint-imports --no-cache
	$(BIN)/uv pip check --quiet --python $(BIN)/python

.PHONY: format
format: venv ## rewrite Python and SQL in the house style
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format
	$(BIN)/sqlfluff fix --quiet dbt_project

.PHONY: bench
bench: venv ## measure side by side (RELIER_BENCH=full: every size, and rewrite benchmarks/RESULTS.md)
	@$(BIN)/python -m benchmarks

.PHONY: torture
torture: venv ## hours of kills, full disks, broken builds and hostile files (TORTURE_KILLS=40 TORTURE_MUTANTS=500 make it short)
	@$(BIN)/python -m tests.faults

.PHONY: docs
docs: venv ## rewrite the data dictionary and the README's screenshots from a fresh run of the demo
	@$(BIN)/relier --home examples/demo run
	@$(BIN)/python -m tools.declaration_reference
	@$(BIN)/python -m tools.methods_page
	@$(BIN)/python tools/data_dictionary.py "$$($(BIN)/relier --home examples/demo snapshot)"
	@$(BIN)/python tests/dashboards/screenshots.py docs/screenshots examples/demo --full

.PHONY: lock
lock: venv ## resolve pyproject.toml into requirements.lock (UPGRADE=1 takes the newest versions)
	@UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile pyproject.toml --group dev --quiet --universal \
		--no-strip-extras --generate-hashes --no-emit-index-url --no-header --no-annotate \
		$(if $(UPGRADE),--upgrade) --output-file requirements.lock
	@sh tools/bootstrap.sh

.PHONY: clean
clean: ## remove what installs and runs made: .venv, the examples' data, caches
	rm -rf .venv .venv.lock examples/*/data .hypothesis dbt_project/target dbt_project/logs logs .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
