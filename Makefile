# Plainview. `make help` lists the targets; each sets up what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PHOTOS ?=
# Most tests of commands and servers start processes: each would compile the house again (2.3 s of processor time, not .8).
unexport PYTHONDONTWRITEBYTECODE
# One more than there are cores: browser tests mostly wait.
WORKERS ?= $(shell echo $$(($$(nproc) + 1)))

# Each file has one server and one provider: a second worker on the same file would start both again.
PROVIDERS := tests/deployed/test_sign_in.py tests/deployed/test_real_proxies.py tests/deployed/test_passkeys.py
TEST_PG := PLAINVIEW_TEST_DATABASE=postgresql $(BIN)/python -m pytest -p tests.factories.kept_tables

.PHONY: help audit sbom wheel providers postgresql swift demo test test-long test-all test-providers test-deployed test-postgresql fuzz properties mutants test-milvus test-ray lint prose docs models browser screenshots bench siege size openapi migration requirements clean

help: ## Show this help
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Plainview needs Python 3.11 or newer; name one with PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python requirements/main.txt requirements/build.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/main.txt -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

models: $(VENV)/.run ## Install the default model pack
	@$(BIN)/plainview models install

demo: models ## Walk the main job end to end (PHOTOS=DIR for your own photographs)
	@$(BIN)/plainview demo $(if $(PHOTOS),--photos "$(PHOTOS)")

browser: $(VENV)/.dev ## Install Chromium for the browser tests, if there is none
	@[ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || $(BIN)/playwright install chromium \
	  || { echo "The browser tests need Chromium: install it, or name one with CHROMIUM=/path/to/chromium"; exit 1; }

providers: ## Install the sign-in providers, the proxies and the tools of tests/deployed (node, npm, xmlsec1, nginx, caddy, systemd-analyze, pipx)
	@missing=""; for tool in npm:npm node:nodejs xmlsec1:xmlsec1 nginx:nginx-light caddy:caddy systemd-analyze:systemd; do \
	  command -v $${tool%%:*} >/dev/null || [ -x /usr/sbin/$${tool%%:*} ] || missing="$$missing $${tool##*:}"; done; \
	[ -z "$$missing" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; } >/dev/null 2>&1 \
	  || { echo "tests/deployed need$$missing: install them"; exit 1; }
	@mkdir -p $(VENV)/providers && cp tests/deployed/providers/package.json tests/deployed/providers/package-lock.json tests/deployed/providers/.npmrc $(VENV)/providers/
	@cd $(VENV)/providers && { [ -d node_modules/oidc-provider ] || npm ci --silent --no-audit --no-fund; }
	@[ -x $(VENV)/installers/bin/pipx ] || { $(PYTHON) -m venv $(VENV)/installers && $(VENV)/installers/bin/python -m pip install --quiet --require-hashes -r requirements/installers.txt; }

postgresql: ## Install PostgreSQL for make test-postgresql, if there is none
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } >/dev/null 2>&1 \
	  || { echo "The tests need PostgreSQL: install it"; exit 1; }

swift: ## Install OpenStack Swift, a server that speaks S3, for the tests of buckets
	@command -v swift-proxy-server >/dev/null \
	  || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends swift-proxy swift-account swift-container swift-object; } >/dev/null 2>&1 \
	  || { echo "The tests of buckets need OpenStack Swift: install swift-proxy, swift-account, swift-container, swift-object"; exit 1; }

test: $(VENV)/.dev models browser ## Run the tests (no network)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow and not long" --durations=20

test-long: $(VENV)/.dev models browser ## Run the long walks and the real processes that `make test` leaves out
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "long and not slow" --durations=20

test-all: $(VENV)/.dev $(VENV)/.cluster $(VENV)/.deploy models browser providers postgresql swift ## Run every test, the slow ones too
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=20

test-providers: $(VENV)/.dev models browser providers ## Run the tests with the sign-in providers and proxies of others
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PROVIDERS) -m slow --durations=10

test-deployed: test-providers $(VENV)/.deploy ## Run the tests of a deployed server that `make test` leaves out; they need nginx and Caddy
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/deployed -m slow --durations=10 $(PROVIDERS:%=--ignore=%)
	$(BIN)/python -m pytest tests/deployed/test_manifests.py

$(VENV)/.deploy: $(VENV)/.dev requirements/deploy.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/deploy.txt
	@touch $@

test-postgresql: $(VENV)/.dev models postgresql ## Run the tests of acts and pages with their records in a real PostgreSQL server
	$(BIN)/python -m pytest tests/integration/test_postgresql.py
	$(TEST_PG) -n $(WORKERS) --dist worksteal -m "not slow" tests/unit/casework tests/unit/web

fuzz: $(VENV)/.dev models ## Put 100,000 mutated inputs to each parser, going on where it was (ONLY="zip csv", COUNT=, SECONDS= a parser, SEEDS=DIR, ANEW=1)
	@$(BIN)/python -m tests.fuzz $(ONLY) --count $(or $(COUNT),100000) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEEDS),--seeds "$(SEEDS)") $(if $(ANEW),--anew)

properties: $(VENV)/.dev models ## Run the property tests with twenty times the examples, others each time; what fails is kept in tests/fuzz/found
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $$(grep -rlE "^from hypothesis|^import hypothesis" tests --include='test_*.py') -m "not slow"

$(VENV)/.cluster: $(VENV)/.dev requirements/cluster.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/cluster.txt
	@touch $@

test-ray: $(VENV)/.cluster models ## Run the index contract and enrolment on a real Ray cluster, started by the tests
	$(BIN)/python -m pytest tests/contract/test_ray.py

test-milvus: $(VENV)/.dev models ## Run the index contract on a real Milvus server, installed once into its own environment
	$(BIN)/python -m pytest tests/contract/test_milvus.py

mutants: $(VENV)/.dev models ## Put small wrongs into the core and see whether its tests notice (ONLY="policy/misuse.py", SAMPLE=50, SEED=1, JOBS=2)
	@$(BIN)/python tools/mutants.py $(ONLY) --jobs $(or $(JOBS),1) $(if $(SAMPLE),--sample $(SAMPLE) --seed $(or $(SEED),0))

lint: $(VENV)/.dev ## Check style, types, layers and prose
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory prose

$(VENV)/.audit: $(BIN)/python requirements/audit.txt
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet --require-hashes -r requirements/audit.txt
	@touch $@

audit: $(VENV)/.audit ## Look for known vulnerabilities and for secrets (OFFLINE=1: say what cannot be checked, and do not fail for it)
	@PATH="$(VENV)/audit/bin:$$PATH" $(VENV)/audit/bin/python tools/audit.py $(if $(OFFLINE),--offline) requirements/main.txt requirements/milvus.txt requirements/parquet.txt

sbom: $(VENV)/.audit ## Write sbom.cdx.json: every pinned package with its hashes (CycloneDX)
	@$(VENV)/audit/bin/cyclonedx-py requirements requirements/main.txt --pyproject pyproject.toml --output-reproducible --of JSON -o sbom.cdx.json
	@$(VENV)/audit/bin/python -c 'import json; print(len(json.load(open("sbom.cdx.json"))["components"]), "packages in sbom.cdx.json")'

prose: $(VENV)/.dev ## Check phrases, names and spelling
	$(BIN)/python tools/prose.py
	$(BIN)/codespell --skip tests/inputs --ignore-words tools/codespell-ignore.txt src docs README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md deploy tests

docs: $(VENV)/.dev ## Build the documentation as a site into site-docs, strict
	NO_MKDOCS_2_WARNING=1 PLAINVIEW_HOME=$(VENV)/no-workspace $(BIN)/python -m mkdocs build --strict

screenshots: $(VENV)/.dev models browser ## Take screenshots of every page, into screenshots/
	PYTHONPATH=. $(BIN)/python tests/browser/screenshots.py

siege: $(VENV)/.dev $(VENV)/.cluster models providers postgresql swift ## People at work while processes are killed (MINUTES=30 PEOPLE=100 ON=default|postgresql|s3|ray)
	$(BIN)/python benchmarks/siege.py --minutes $(or $(MINUTES),30) --people $(or $(PEOPLE),100) --on $(or $(ON),ray)

bench: models ## Measure enrolment, search, video, the web application and alerts, as ratios
	$(BIN)/plainview bench enrol
	$(BIN)/plainview bench search
	$(BIN)/plainview bench video
	$(BIN)/plainview bench serve
	$(BIN)/plainview bench whole
	$(BIN)/python benchmarks/recorded_search.py
	$(BIN)/python benchmarks/api_search.py
	$(BIN)/python benchmarks/alert_cost.py
	$(BIN)/python benchmarks/simulated_year.py
	$(BIN)/python benchmarks/every_bit_flip.py

wheel: $(VENV)/.run ## Build the wheel into dist/, for deploy/install.sh
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel -d dist

size: $(BIN)/python ## Install what Plainview needs to run into a temporary folder and print its size
	$(BIN)/python benchmarks/install_size.py requirements/main.txt

openapi: $(VENV)/.dev ## Publish the operations of the API that are new: what is published stays
	@PLAINVIEW_HOME=$(VENV)/no-workspace DJANGO_SETTINGS_MODULE=plainview.site.settings $(BIN)/python -W ignore -c "import django; django.setup(); from tests.unit.api import test_published; test_published.publish()"

migration: $(VENV)/.dev ## Make a new migration after a model changed (NAME=word): migrations are only added to, never made again
	PLAINVIEW_HOME=$(VENV)/no-workspace DJANGO_SETTINGS_MODULE=plainview.site.settings $(BIN)/python -W ignore -m django makemigrations casework -n $(or $(NAME),$(error name it: make migration NAME=word)) -v 1

requirements: ## Compile requirements/*.in (needs uv)
	for f in main build cluster milvus parquet rekognition client postgres s3 dev deploy audit installers; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q requirements/$$f.in -o requirements/$$f.txt; done

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .fuzz .mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis
