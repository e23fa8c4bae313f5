# make run    everything on this machine: web, worker, beat, embedded Postgres and Valkey
# make test   all tests on throw-away servers
# Needs only Python 3.11 with its venv module, and make. See docs/operations/running.md.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
PYTEST_ARGS ?=
RUN_STAMP := $(VENV)/run-$(shell cksum < requirements.txt | cut -d' ' -f1).stamp
DEV_STAMP := $(VENV)/dev-$(shell cksum < requirements-dev.txt | cut -d' ' -f1).stamp
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: help setup setup-dev run test lint format lock

help:
	@sed -n '1,3p' Makefile | cut -c3-
	@echo "make setup | run [PORT=8000] [HOST=127.0.0.1] [EMPTY=1] | test [PYTEST_ARGS=...] | lint | format | lock"

setup: $(RUN_STAMP)

setup-dev: $(DEV_STAMP)

# A host from the environment is not meant for us: shells set HOST to the machine's name.
run: setup
	@exec $(BIN)/python -m salesops.launcher run --port $(PORT) \
		$(if $(filter command line,$(origin HOST)),--host $(HOST)) $(if $(filter-out 0,$(EMPTY)),--empty)

test: setup-dev
	@exec $(BIN)/python -m salesops.launcher test -- pytest -n 2 --dist loadfile $(PYTEST_ARGS)

lint: setup-dev
	@PATH="$(abspath $(BIN)):$$PATH" .ci/checks

format: setup-dev
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format --quiet . ; $(BIN)/djlint templates --reformat --quiet || true

# The pinned, hashed exports of pyproject.toml for every platform we name. Needs uv on the PATH.
LOCK := uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --quiet
lock:
	$(LOCK) -o requirements.txt
	$(LOCK) --group dev -o requirements-dev.txt

$(VENV)/python.stamp:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 is needed; '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1 || true). Try: make run PYTHON=/path/to/python3.11" >&2; exit 3; }
	@"$(PYTHON)" -c 'import shutil, sys; sys.exit(shutil.disk_usage(".").free < 2 * 2**30)' || \
		{ echo "Less than 2 GB are free in $(CURDIR): the virtual environment and the data need that much." >&2; exit 4; }
	@echo "making the virtual environment"
	@"$(PYTHON)" -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt-get install python3.11-venv" >&2; exit 3; }
	@touch $@

# A stamp is named after the checksum of its list: a changed list is installed, a new date on it is not.
$(RUN_STAMP): $(VENV)/python.stamp
	@echo "installing the packages of requirements.txt (about 250 MB, some minutes on a slow line)"
	@$(PIP) install -qq --require-hashes -r requirements.txt
	@rm -f $(VENV)/run-*.stamp && touch $@

$(DEV_STAMP): $(VENV)/python.stamp
	@echo "installing the packages of requirements-dev.txt"
	@$(PIP) install -qq --require-hashes -r requirements-dev.txt
	@rm -f $(VENV)/dev-*.stamp && touch $@ $(RUN_STAMP)
