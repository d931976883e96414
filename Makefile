# What people type. Everything else is behind `hydrophone --help`.
PYTHON ?= python3
BIN := .venv/bin
# Bytecode is written once: a test run starts a hundred Pythons, and compiling costs each three times its loading.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test check unit domain calls heard web bench drill lock format clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## set everything up and start the hotline; Ctrl-C ends it
	@$(PYTHON) tools/bootstrap.py
	@exec $(BIN)/hydrophone demo

test: ## lint, types, import contracts, and every test; what CI runs
	@$(PYTHON) tools/bootstrap.py --test
	@$(MAKE) --no-print-directory check web unit

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

web:
	$(BIN)/python tools/web.py check test

unit:
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target calls heard

domain: # what decides has no branch that no test takes
	$(BIN)/pytest -n 2 tests/domain --cov=cti/domain --cov-branch --cov-report=term-missing:skip-covered \
		--cov-fail-under=100

# Most of these wait for telephones. Speech keeps a core busy, and two of it at once would be in everybody's way;
# browsers want a quieter machine than speech leaves.
calls: domain
	$(BIN)/pytest -n 2 --dist worksteal --ignore tests/e2e --ignore tests/domain -m "not speech"

heard:
	$(BIN)/pytest --ignore tests/e2e -m speech
	$(BIN)/pytest tests/e2e

bench: ## measure everything in quick mode; ends with an error if a promise is not kept
	@$(PYTHON) tools/bootstrap.py --test
	$(BIN)/python -m bench all --quick

drill: ## every fault drill in full: processes killed, links cut, disks full
	@$(PYTHON) tools/bootstrap.py --test
	$(BIN)/python -m bench faults

lock: ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile -q pyproject.toml --all-extras --universal --no-emit-index-url --no-annotate \
		--generate-hashes --no-header -o requirements.lock

format: ## put the Python code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what the set-up made, but not var/, where the data is
	rm -rf .venv agent_console/web/node_modules agent_console/web/dist
