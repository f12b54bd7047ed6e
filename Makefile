# make setup | run | test | check | bench | eval | lock | clean

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test check bench eval lock clean browser model

# Compiled files make every start of every process faster; some machines switch them off.
unexport PYTHONDONTWRITEBYTECODE

# Package indexes are asked again where they, or the network, fail for a moment; pip and apt-get too.
export UV_HTTP_RETRIES := 10
export UV_HTTP_TIMEOUT := 120

UV := .uv/bin/uv
INSTALL := $(UV) pip install --quiet --compile-bytecode
ARGS ?=

help:
	@echo "make run     set up and run everything, sandbox included; Ctrl-C stops it"
	@echo "make test    set up and run all tests          (ARGS='-k booking' is handed to pytest)"
	@echo "make check   the linters and the tests that need no server, in a minute or two"
	@echo "make setup   only set up: .venv, .venv-rasa, the model"
	@echo "make bench   compare speed with a stock Rasa   make eval   measure understanding"
	@echo "make lock    make requirements/*.txt anew from pyproject.toml   (ARGS=--upgrade)"
	@echo "make clean   remove environments and caches; the data in var/ stay"

setup: .venv/.package .venv-rasa/.installed model

run: setup
	@exec .venv/bin/daozhen up $(ARGS)

# First what needs no running program; then what goes through one, beside what starts its own and breaks it: three at a
# time on two cores, for a program waits for timers and platforms a third of its time.
SLOW := slow or browser or faults

test: setup browser
	@.venv/bin/python -m pytest -q -n 2 --dist loadfile -m "not ($(SLOW))" $(ARGS)
	@.venv/bin/python -m pytest -n 3 --dist loadscope -m "$(SLOW)" $(ARGS)

check: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet . || { echo "Not formatted: ruff format ."; exit 1; }
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python -m pytest -q -n 2 --dist loadfile --hypothesis-profile quick --no-servers -m "not ($(SLOW))" $(ARGS)

bench: setup
	@.venv/bin/python -m tests.bench $(ARGS)

eval: setup
	@.venv/bin/python -m tests.eval $(ARGS)
	@.venv/bin/python -m tests.eval.triage
	@.venv/bin/python -m tests.eval.redflags

model: .venv/.package .venv-rasa/.installed
	@.venv/bin/daozhen train

browser: .venv/.package
	@requirements/browser

.uv/.installed: requirements/uv.txt
	@echo "Installing uv, the package installer, into .uv …"
	@requirements/install-uv
	@touch $@

.venv/.installed: requirements/app.txt | .uv/.installed
	@echo "Installing $$(grep -c '==' requirements/app.txt) packages into .venv (Python 3.12) …"
	@python=$$(requirements/find-python 3.12) && $(UV) venv --quiet --clear --python "$$python" .venv
	@$(INSTALL) --python .venv/bin/python --require-hashes -r requirements/app.txt
	@touch $@

.venv-rasa/.installed: requirements/rasa.txt | .uv/.installed
	@echo "Installing $$(grep -c '==' requirements/rasa.txt) packages into .venv-rasa (Python 3.10) …"
	@python=$$(requirements/find-python 3.10) && $(UV) venv --quiet --clear --python "$$python" .venv-rasa
	@$(INSTALL) --python .venv-rasa/bin/python --require-hashes -r requirements/rasa.txt
	@touch $@

.venv/.package: .venv/.installed pyproject.toml
	@$(INSTALL) --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

COMPILE := $(UV) pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

lock: .uv/.installed
	@echo "Resolving (requirements/app.txt, requirements/rasa.txt, requirements/uv.txt) …"
	@$(COMPILE) $(ARGS) --group test --python-version 3.12 -o requirements/app.txt
	@$(COMPILE) $(ARGS) --group rasa-test --python-version 3.10 -o requirements/rasa.txt
	@$(COMPILE) $(ARGS) --group installer --python-version 3.10 -o requirements/uv.txt

clean:
	rm -rf .uv .venv .venv-rasa build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .nicegui
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
