# Two doors: `make app` and `make test`. Both set up everything they need, say what they do,
# and can be interrupted and called again.
.PHONY: help app token port setup samples setup-tests test lint lint-only format bench bench-app bench-scale fuzz docs-pictures lock sbom clean
.DEFAULT_GOAL := help

WORKSPACE ?= data
PORT ?= 8501
# Not from the environment, where other programs keep tokens under this name.
TOKEN = yes
MUTATIONS ?= 6000
KILLS ?= 40
CUTS ?= 200
# Two processes, for two cores. Tests do not depend on one another.
PYTEST ?= -n 2
BIN := .venv/bin

help:
	@echo "make app            set up, make sample specimens on the first start, open the app"
	@echo "make test           set up with test tools, run every test, those in a real browser too"
	@echo "make lint           ruff, mypy, import-linter"
	@echo "make bench          measure; prints ratios of two things in one run"
	@echo "make bench-app      measure what a user of the screens waits for, in the browser"
	@echo "make bench-scale    measure large collections, many sessions, long work"
	@echo "make fuzz           kill runs, cut the power, damage files for an hour: MUTATIONS=6000 KILLS=40 CUTS=200"
	@echo "make docs-pictures  take the screenshots of the documentation from the real app"
	@echo "make lock           fix version and hashes of every package, after a change of requirements*.txt;"
	@echo "                    with UPGRADE=1 in newer versions"
	@echo "make sbom           write sbom.cdx.json: every package of the app with its licence (CycloneDX)"
	@echo "make clean          remove the environment and caches; your data stay"
	@echo "Variables: WORKSPACE=folder PORT=8501 TOKEN=no PYTHON=python3.12"

app: token setup port samples
	@echo "Starting the app on port $(PORT) (Ctrl+C ends it) ..."
	@FOSSILVIT_WORKSPACE="$(WORKSPACE)" $(BIN)/python -m streamlit run app.py --server.port $(PORT) \
		$(if $(filter no,$(TOKEN)),-- --no-token)

# A token in the arguments of make could be read by every account of the machine.
token:
	@case "$(TOKEN)" in yes|no) ;; *) echo "TOKEN is yes or no. A token of your own goes into the environment: FOSSILVIT_TOKEN."; exit 1;; esac

port:
	@$(BIN)/python -c 'import socket, sys; s = socket.socket(); sys.exit(s.connect_ex(("localhost", $(PORT))) == 0)' || \
		{ echo "The port $(PORT) is in use, perhaps by this app in another window. Take another one: make app PORT=$$(($(PORT) + 1))"; exit 1; }

setup:
	@sh scripts/system_libraries.sh
	@sh scripts/environment.sh requirements.lock .installed

# The first start of an empty workspace shows something: synthetic specimens and a run of them.
samples:
	@if [ ! -d "$(WORKSPACE)/runs" ] && [ -z "$$(ls -A "$(WORKSPACE)/meshes" 2>/dev/null)" ]; then \
		echo "First start: making sample specimens in $(WORKSPACE)/meshes ..." && \
		$(BIN)/python -m core samples --out "$(WORKSPACE)/meshes" && \
		echo "Rendering them and extracting features ..." && \
		$(BIN)/python -m core run --workspace "$(WORKSPACE)" --no-download; \
	fi

setup-tests:
	@sh scripts/system_libraries.sh --browser
	@sh scripts/environment.sh requirements-dev.lock .installed-dev

test: setup-tests lint-only
	$(BIN)/python -m pytest $(PYTEST)

lint: setup-tests lint-only

lint-only:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

format: setup-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup-tests
	$(BIN)/python -m benchmarks

# Hours on a slow machine: 100,000 specimens, ten browsers for five minutes, 20,000 specimens in one process.
bench-app: setup-tests
	$(BIN)/python -m benchmarks.bench_app

bench-scale: setup-tests
	$(BIN)/python -m benchmarks.bench_scale

# The tests of tests/unbreakable, tried harder: more kills and outages, thousands of damaged files.
fuzz: setup-tests
	FOSSILVIT_MUTATIONS=$(MUTATIONS) FOSSILVIT_KILLS=$(KILLS) FOSSILVIT_CUTS=$(CUTS) $(BIN)/python -m pytest \
		-n0 --timeout 3000 tests/unbreakable/test_damaged_files.py tests/unbreakable/test_kills.py \
		tests/unbreakable/test_power_failure.py

docs-pictures: setup-tests
	@sh scripts/system_libraries.sh --pictures
	$(BIN)/python -m scripts.docs_pictures

lock:
	@sh scripts/lock.sh $(if $(UPGRADE),--upgrade)

sbom: setup
	@sh scripts/sbom.sh

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
