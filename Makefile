# Everything is one of these commands; README.md says what each is for.
PYTHON ?= python3
BIN := .venv/bin
NODE_PATH_FILE := .venv/harvest-stamps/node-path
NPM = PATH="$$(cat $(NODE_PATH_FILE))" npm --prefix frontend run --silent
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo run test check fix bench soak setup setup-dev unit browser

help:
	@echo "make demo    set up and run Harvest with a demo cohort"
	@echo "make run     the same without the demo cohort"
	@echo "make test    every check and test"
	@echo "make check   format, lint, types, import rules     make fix   mend what can be mended"
	@echo "make bench   figures with a peer or a limit        make soak  the long runs"

setup:
	@$(PYTHON) harvest/stack/bootstrap.py

setup-dev:
	@$(PYTHON) harvest/stack/bootstrap.py --dev

demo: setup
	@exec $(BIN)/python -m harvest.stack --demo

run: setup
	@exec $(BIN)/python -m harvest.stack

test: check unit browser

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(NPM) check

fix: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) format

unit: setup-dev
	$(NPM) test
	$(PYTEST) -n 2 -m "not e2e and not soak"

browser: setup-dev
	$(PYTEST) -n 2 --dist loadfile -m e2e

bench: setup-dev
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.speed
	$(BIN)/python -m tests.bench.cluster
	$(BIN)/python -m tests.bench.releases

soak: setup-dev
	$(PYTEST) -m soak --timeout 3600
