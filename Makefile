# Everturn: everything a clone needs. `make up` runs it, `make test` tests it; both set the environment up first.

SHELL := /bin/bash
PY    := .venv/bin/python
STAMP := .venv/.everturn-installed
READY := .venv/.everturn-compiled
ARGS  ?=

# The first of these that exists, runs, and is new enough wins (a shim may exist and still refuse to run).
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3 python

# Every house of the tests starts a dozen processes: what was compiled once is kept (beside the code, ignored by git).
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup compiled up test test-long lint format bench histories secrets audit clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv from requirements.lock (only when something changed)

$(STAMP): requirements.lock pyproject.toml
	@python=; \
	for name in $(PYTHONS); do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Everturn needs Python 3.11 or newer; none of these runs here: $(PYTHONS). Install one and call make again." >&2; \
	  exit 1; \
	fi; \
	if ! $$python -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	  echo "$$python lacks venv or ensurepip (on Debian and Ubuntu: apt install $$($$python -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')). Install it and call make again." >&2; \
	  exit 1; \
	fi; \
	if ! $(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	  echo "making .venv with $$($$python --version)"; \
	  $$python -m venv --clear .venv || exit 1; \
	fi
	@echo "installing the locked packages (a few minutes on the first run)"
	@$(PY) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

compiled: $(READY)

$(READY): $(STAMP)
	@echo "compiling what the tests' processes would each compile for themselves (half a minute, once)"
	@$(PY) -m pytest --collect-only -q >/dev/null 2>&1 || true
	@touch $@

up: setup ## run everything on this machine; make up ARGS="--port 9000"
	@exec .venv/bin/everturn up $(ARGS)

# Houses of real processes mostly wait: several stand at once; those that measure a customer's patience stand alone.
test: setup compiled ## run the whole test suite, offline; make test ARGS="-k bursts"
ifeq ($(strip $(ARGS)),)
	@$(PY) -m pytest -n 3 --dist loadscope --no-loadscope-reorder -m "not long" --ignore=tests/system
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not alone and not long" tests/system
	@$(PY) -m pytest -m alone tests/system
else
	@$(PY) -m pytest $(ARGS)
endif

test-long: setup ## the few tests that take minutes each, before a release
	@$(PY) -m pytest -m long

lint: setup ## style, types, and the floors of the house
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: setup ## put the code into shape
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: setup ## measure; see benchmarks/
	@$(PY) -m benchmarks $(ARGS)

secrets: setup ## no secret stands in what belongs to the clone
	@$(PY) -m ops.secrets $(ARGS)

audit: setup ## ask whether a locked package has a known weakness; without the network it says so
	@$(PY) -m ops.audit $(ARGS)

histories: setup ## record the workflow histories the replay tests read
	@$(PY) -m tests.histories.record $(ARGS)

clean: ## remove .venv and caches (never a home with conversations)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info build
