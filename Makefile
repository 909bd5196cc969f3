# `make help` lists the targets. Everything is installed into this folder, from the lock files.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup browser clients demo test check format bench bench-large docs lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## install everything, from the lock files
	@$(PYTHON) tools/bootstrap.py setup

browser: ## make sure that there is a Chromium for the browser tests
	@sh tools/browser.sh

demo: setup ## run NannyML against Footfall and look at its insights (DEMO_EXIT=1: stop at the end)
	@$(BIN)/python -m examples.nannyml.demo $(if $(DEMO_EXIT),--exit)

clients: ## install the official clients that the tests run (needs Node)
	@$(PYTHON) tools/bootstrap.py clients

test: setup browser clients ## every test; what fails is run once more by itself, and both are shown
	@$(BIN)/python tools/suite.py

check: setup ## formatting, lint, types, import contracts, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(MAKE) --no-print-directory docs

format: setup ## format and fix what can be fixed
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: setup ## build the documentation into docs/_build
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

bench: setup ## every benchmark
	@$(BIN)/python -m benchmarks

bench-large: setup ## every report on 1, 10 and 100 million events, and scale (hours, 20 GB)
	@$(BIN)/python -m benchmarks.insights --events 1000000 10000000 100000000 --keep .bench-keep/insights
	@$(BIN)/python -m benchmarks.scale --events 1000000 10000000 100000000 1000000000 --keep .bench-keep/insights

lock: ## resolve all dependencies anew
	@$(PYTHON) tools/bootstrap.py lock

clean: ## remove what the other targets made
	rm -rf .venv .tools .matrix .bench .bench-insights .bench-keep .clients .demo tests/clients/node/node_modules docs/_build
