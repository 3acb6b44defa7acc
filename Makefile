# make run: start the server.  make test: all tests.  make check: lint, types, import rules, docs, prose.
# Each installs what it needs into .venv first. `make help` lists the rest.

# Tests start hundreds of servers. Where Python may not keep what it compiled, each of them compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-quick test-core check check-types check-others web web-dev format lock bench bench-quick bench-history worst stress fuzz rounds vectors soak timing cold-start run-speed autobahn audit help clean system-packages
.DEFAULT_GOAL := help

run: $(VENV)/.installed ## start on http://localhost:5000, data in ./data; ARGS=--public lets others in
	@exec $(BIN)/collab-server run $(ARGS)

# How far crdt/ is covered is measured by the tests that are about it; tracing makes the others twice as slow.
COVERING := tests/crdt tests/interop/test_past.py tests/interop/test_redact.py tests/handlers/api/test_versions.py \
	tests/handlers/api/test_versions_compared.py tests/handlers/api/test_versions_restored.py

# How many processes run tests: two more than there are cores, because a third of their time is waiting.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 2)')

test: $(VENV)/.tested ## install all that the tests need and run all of them, or some (ARGS="-k chat", WORKERS=1)
	$(BIN)/python -m tests.set_up
	$(BIN)/python -m tests.system_packages
ifdef ARGS
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)
else
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n $(WORKERS) --dist worksteal $(COVERING)
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report --fail-under=95
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(addprefix --ignore=,$(COVERING)) tests
endif

test-quick: $(VENV)/.tested ## the tests that take no more than seconds each
	$(BIN)/python -m tests.set_up
	$(BIN)/python -m tests.system_packages
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow' $(ARGS)

test-core: $(VENV)/.tested ## crdt/ and storage/ without MongoDB, on another Python (PYTHON=python3.13 VENV=.venv/python3.13)
	$(BIN)/python -m tests.set_up --without-mongodb
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow' -k 'not mongo and not test_copying and not test_fuzz' $(ARGS) tests/crdt tests/storage

system-packages: ## what `make test` installs with apt-get, as root only: a browser, two proxies, unzip
	$(PYTHON) -m tests.system_packages

# The types of Python and the web app take longest, so they are checked at the same time.
check: $(VENV)/.tested ## lint, format, types, import contracts, prose, generated docs and the built web app up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) check-types check-others

check-types:
	$(BIN)/mypy

check-others:
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check
	$(BIN)/python -m tests.prose
	$(BIN)/python -m tests.web --check

web: $(VENV)/.tested ## build the web app from static/src into static/dist
	$(BIN)/python -m tests.web

web-dev: $(VENV)/.tested ## the web app with live reload on http://localhost:5173 (SERVER=http://localhost:5000)
	@SERVER=$(or $(SERVER),http://localhost:5000) $(BIN)/python -m tests.web --dev

format: $(VENV)/.tested ## format the code, regenerate the docs that come from it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m docs.generate
	$(BIN)/python -m tests.web --format

lock: $(VENV)/.tested ## resolve the dependencies again into requirements.lock
	$(BIN)/python -m piptools compile -q --extra dev --strip-extras --generate-hashes --no-emit-index-url \
		--no-emit-trusted-host --no-emit-options --no-emit-find-links --allow-unsafe --no-annotate \
		--output-file requirements.lock pyproject.toml

bench: $(VENV)/.tested ## compare with other servers, 50 minutes, keep the results (ARGS="--only C,E --runs 1")
	$(BIN)/python -m bench.run $(or $(ARGS),--keep)

bench-quick: $(VENV)/.tested ## the benchmarks in two minutes: only ours, compared with the results that are kept
	$(BIN)/python -m bench.run --quick

bench-history: $(VENV)/.tested ## what history costs in bytes and ms (of recorded sessions if COLLAB_TRACES names them)
	$(BIN)/python -m tests.set_up
	$(BIN)/python -m bench.history

worst: $(VENV)/.tested ## the most expensive things that one account may do, and what others feel of each (ARGS="--only replay")
	$(BIN)/python -m bench.worst $(ARGS)

stress: $(VENV)/.tested ## an hour of everything by everybody, with large and odd texts (ARGS="--minutes 1 --seed 7")
	$(BIN)/python -m bench.stress $(ARGS)

fuzz: $(VENV)/.tested ## a million mutated updates, state vectors and presence frames (ARGS="--count 50000 --seed 7")
	$(BIN)/python -m tests.set_up
	$(BIN)/python -m tests.fuzz $(or $(ARGS),--count 1000000)

rounds: $(VENV)/.tested ## 300 random rounds of nine kinds of app, with kills and restores (ARGS="--rounds 20 --seed 7")
	$(BIN)/python -m tests.set_up
	$(BIN)/python -m tests.interop.apps_rounds $(ARGS)

vectors: $(VENV)/.tested ## updates that real Yjs makes, by other seeds than in `make test`, against a server (SEEDS=8,9)
	$(BIN)/python -m tests.set_up
	COLLAB_VECTOR_SEEDS=$(or $(SEEDS),8) $(BIN)/python -m pytest -n $(WORKERS) tests/interop/test_apps_vectors.py $(ARGS)

soak: $(VENV)/.tested ## half an hour of mixed and hostile load: flat memory, nothing leaks (ARGS="--minutes 2")
	$(BIN)/python -m bench.soak $(or $(ARGS),--minutes 30)

timing: $(VENV)/.tested ## do answers to logins tell by their time who has an account?
	$(BIN)/python -m tests.timing $(ARGS)

cold-start: $(VENV)/.tested ## what a browser receives for the first page and a session, and when text is shown
	$(BIN)/python -m tests.cold_start

run-speed: $(VENV)/.tested ## how fast programs start in a browser, and what typing feels while one loops
	$(BIN)/python -m tests.run_speed

autobahn: $(VENV)/.tested ## the cases of the Autobahn suite, by their runner for Python 3, against the WebSocket layer
	$(BIN)/python -m pip install --quiet --disable-pip-version-check kosoku==0.1.0
	$(BIN)/python -m tests.rfc6455 $(ARGS)

audit: $(VENV)/.tested ## known vulnerabilities of the dependencies, where their database is within reach
	$(BIN)/python -m tests.audit

clean: ## remove what the other targets made (not ./data)
	rm -rf bench/node_modules bench/.data bench/peers/.venv bench/loadgen/yload $(VENV) build tests/node/node_modules tests/interop/apps/node_modules static/node_modules .mypy_cache .ruff_cache .pytest_cache .coverage*

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "Installing the server into $(VENV): about a minute, the first time"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Not compiled here: that takes as long as the rest of the installation, and most modules are never imported.
$(VENV)/.tested: $(VENV)/.made requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.installed
