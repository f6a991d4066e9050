# The only entry point for people and for CI. `make help` lists the recipes.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.run-installed
PIN := --quiet --generate-hashes --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --no-strip-extras
DEV_STAMP := $(VENV)/.dev-installed

.DEFAULT_GOAL := help
# Where rules are tried: all by fast tests, and the first ones' last branches on a database. Of the kernel's documents every branch
# is in the contract that all engines keep.
ON_A_DATABASE := $(addprefix tests/,kernel cart catalog contracts doctor identity importing notifications payments pricing reviews)
# Folders of which every test needs a server or a browser: to collect them alone takes seconds.
SLOW := $(addprefix --ignore=tests/,api crash e2e races simulation)
WITH_RULES := $(ON_A_DATABASE) $(addprefix tests/,edge inventory orders reporting sandbox search topology)
# Whole shops in these are cut into parts when RIALTO_TEST_TOPOLOGY says so.
CUT := $(addprefix tests/,orders reviews search)
# Before a browser, by nginx: quick ones.
CUT_PAGES := $(addprefix tests/e2e/,test_purchase.py test_cards.py test_account.py)
CUT_MORE := $(addprefix tests/,catalog identity importing notifications reporting storefront admin)
.PHONY: help run cluster cluster-stop test test-all test-fast check coverage format bench chaos screenshots clean requirements

help: ## list the recipes
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Rialto needs Python 3.11 or newer; set PYTHON=… to one.")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian: apt install python3-venv) and try again." >&2; exit 1; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing what Rialto needs"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): requirements/dev.txt $(RUN_STAMP)
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

run: $(RUN_STAMP) ## start the shop with its embedded engines
	@exec $(BIN)/rialto run

cluster: $(RUN_STAMP) ## start a whole platform on this machine; as root on Debian it installs the servers that are missing
	@exec $(BIN)/rialto cluster start --install

cluster-stop: $(RUN_STAMP) ## stop it
	@exec $(BIN)/rialto cluster stop

test: $(DEV_STAMP) ## everything: unit, service, contract, simulation, crash, end to end
	@# First with the shop cut into groups of processes, so that the summary of all stands last. Tests of real processes have
	@# bounds; what failed beside others on a busy machine is tried once more alone.
	@export RIALTO_TEST_TOPOLOGY=groups; $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not fast" $(CUT) $(CUT_PAGES) || $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none -m "not fast" $(CUT) $(CUT_PAGES)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --durations=15 tests || $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none tests


test-all: test ## beside that, service and browser tests with the shop cut into groups, and into a process per service
	@export RIALTO_TEST_TOPOLOGY; for RIALTO_TEST_TOPOLOGY in groups all; do \
	  $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not fast" $(CUT) $(CUT_MORE) tests/e2e || \
	  $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none -m "not fast" $(CUT) $(CUT_MORE) tests/e2e || exit 1; done

test-fast: $(DEV_STAMP) ## the tests that need no server and no browser
	@$(BIN)/python -m pytest -q -n 2 -m fast $(SLOW) tests

check: $(DEV_STAMP) ## format, lint, types, import rules, tidy and fast tests
	@$(BIN)/ruff format --check src tests bench demo
	@$(BIN)/ruff check src tests bench demo
	@$(BIN)/mypy
	@$(BIN)/lint-imports --verbose > .import-linter.log 2>&1 || { cat .import-linter.log; exit 1; }
	@$(BIN)/python -m pytest -q -n 2 -m fast $(SLOW) tests

coverage: $(DEV_STAMP) ## every branch of the kernel and of the services' rules is tested, or it fails
	@$(BIN)/python -m pytest -q -n 2 --cov --cov-report= --cov-fail-under=0 -m fast $(WITH_RULES)
	@$(BIN)/python -m pytest -q -n 2 --cov --cov-report= --cov-append --cov-fail-under=0 -m "not fast" $(ON_A_DATABASE)
	@$(BIN)/coverage report

format: $(DEV_STAMP) ## rewrite the files as the formatter wants them
	@$(BIN)/ruff format src tests bench demo
	@$(BIN)/ruff check --fix --quiet src tests bench demo || true

bench: $(DEV_STAMP) ## measure: cached read, durable order, full purchase
	@$(BIN)/python -m bench

chaos: $(DEV_STAMP) ## five minutes of buyers while one of each part of a platform is killed; fails if a promise is broken
	@$(BIN)/python -m bench.chaos

screenshots: $(DEV_STAMP) ## pictures of every page in every state, into .screenshots/ (needs Chromium)
	@$(BIN)/python -m tests.e2e.screenshots

requirements: ## pin pyproject.toml's dependencies by hash
	@cd requirements && pip-compile $(PIN) -o run.txt build.in ../pyproject.toml && pip-compile $(PIN) --extra dev -o dev.txt build.in ../pyproject.toml

clean: ## remove what make made (not the shop's data)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage .import-linter.log .import_linter_cache
