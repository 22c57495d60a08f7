.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FUZZ_SECONDS ?= 60
FAULTS_SECONDS ?= 300
CODE := protocol/parley_protocol clients storage mqtt broker bridge keeper webapi config parley bench tests

.PHONY: help install install-dev run test bench bench-api bench-path bench-broker bench-storage faults fuzz lint lock

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## set up: everything that `make run` needs, into .venv

install-dev: $(VENV)/.installed-dev

run: install ## start Parley on this machine
	$(BIN)/parley up --data data

test: install-dev lint ## run every check
	tests/system-packages
	$(BIN)/pytest -n logical --dist worksteal

bench: install-dev ## measure; prints a table of figures
	$(BIN)/python -m bench

bench-path: install-dev ## measure what people feel: sent, stored, delivered
	tests/system-packages
	$(BIN)/python -m bench.path

bench-broker: install-dev ## measure the broker beside Mosquitto and amqtt
	$(BIN)/python -m bench.broker

bench-storage: install-dev ## measure the ledger on SQLite and PostgreSQL
	$(BIN)/python -m bench.storage

bench-api: install-dev ## measure the API beside Synapse, which it installs into build/
	$(BIN)/python -m bench.api

faults: install-dev ## kill services and databases under load for FAULTS_SECONDS; nothing may be lost
	tests/system-packages
	$(BIN)/python -m tests.faults.storm $(FAULTS_SECONDS)

fuzz: install-dev ## search for bytes that break the broker, each target for FUZZ_SECONDS
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	for target in decode session stranger websocket journal; do \
	  $(BIN)/python -m tests.fuzz $$target build/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=2000 \
	    -timeout=10 -rss_limit_mb=1000 -artifact_prefix=build/fuzz/$$target- || exit; \
	done

lint: install-dev ## style, types and layers
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

lock: install-dev ## compile the locks anew from pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --extra dev --extra traces pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --group fuzz -o requirements-fuzz.txt

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Parley needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements.txt pyproject.toml
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e protocol -e clients/python -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
