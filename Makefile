# Plainview. `make help` lists the targets; each sets up what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PHOTOS ?=

.PHONY: help demo test test-all test-milvus lint models browser screenshots bench requirements clean

help: ## Show this help
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Plainview needs Python 3.11 or newer; name one with PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python requirements/main.txt requirements/demo.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/main.txt -r requirements/demo.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

models: $(VENV)/.run ## Install the default model pack
	@$(BIN)/plainview models install

demo: models ## Walk the main job end to end (PHOTOS=DIR for your own photographs)
	@$(BIN)/plainview demo $(if $(PHOTOS),--photos "$(PHOTOS)")

browser: $(VENV)/.dev ## Bring a Chromium for the browser tests, where there is none
	@[ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || $(BIN)/playwright install chromium \
	  || { echo "The browser tests need Chromium: install it, or name one with CHROMIUM=/path/to/chromium"; exit 1; }

test: $(VENV)/.dev models browser ## Run the tests (no network, about a quarter of an hour on two cores)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-all: $(VENV)/.dev models browser ## Run every test, the slow ones too
	$(BIN)/python -m pytest

test-milvus: $(VENV)/.dev models ## Run the index contract on a real Milvus server, which is installed once beside
	$(BIN)/python -m pytest tests/contract/test_milvus.py

lint: $(VENV)/.dev ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: $(VENV)/.dev models browser ## Photograph every page into docs/screenshots
	PYTHONPATH=. $(BIN)/python tests/browser/screenshots.py

bench: models ## Measure enrolment, search, video, the web application and alerts, as ratios
	$(BIN)/plainview bench enrol
	$(BIN)/plainview bench search
	$(BIN)/plainview bench video
	$(BIN)/plainview bench serve
	$(BIN)/python benchmarks/recorded_search.py
	$(BIN)/python benchmarks/alert_cost.py
	$(BIN)/python benchmarks/simulated_year.py
	$(BIN)/python benchmarks/every_bit_flip.py

requirements: ## Compile requirements/*.in (needs uv)
	for f in main demo dev; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q requirements/$$f.in -o requirements/$$f.txt; done

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
