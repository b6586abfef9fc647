# Everything that a developer runs.  On a fresh clone, python3 and make are enough.
#
#   make demo          install into .venv and run the quickstart
#   make test          the whole suite (ARGS="-k name" narrows it)
#   make check         lint, format and types
#   make docs          the documentation, warnings as errors
#   make bench         speed and size beside the other clients (ARGS="--quick")
#   make reliability   the hostile cases with all clients; writes docs/reliability.md
#   make fuzz          a search for input that the protocol code reads wrongly (ARGS="--seconds 600")
#   make soak          two minutes of requests, faults and cancels (ARGS="--seconds 600")
#   make test-floors   the suite on the lowest versions that pyproject.toml allows
#   make ecosystem     packages built on requests, unchanged, where requests is not installed
#   make format        rewrite the code as `make check` wants it
#   make clean         remove the environments and everything that was built
#
# Another interpreter: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
ARGS ?=

BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
PYTEST = -m pytest -n $(JOBS) --dist worksteal $(ARGS)
SOURCES := src tests examples benchmarks fuzz .ci

.DELETE_ON_ERROR:
.PHONY: help demo test check lint types format docs bench reliability fuzz soak test-floors \
	ecosystem clean

help:
	@sed -n '3,14s/^#  *//p' Makefile

# -- environments ------------------------------------------------------------
# An environment is made once, and again when pyproject.toml changes.  Its pip
# is brought up to one that knows dependency groups before anything else.

define MAKE_VENV
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ulak needs Python 3.11 or later; name one with PYTHON=")'
	$(PYTHON) -m venv --clear $(1)
	$(1)/bin/python -m pip --disable-pip-version-check install --quiet --upgrade "pip>=25.1"
endef

$(VENV)/.stamp-demo: pyproject.toml
	$(call MAKE_VENV,$(VENV))
	$(PIP) install --quiet --editable ".[all]"
	@touch $@

$(VENV)/.stamp-dev: $(VENV)/.stamp-demo
	$(PIP) install --quiet --group dev
	@touch $@

$(VENV)/.stamp-docs: $(VENV)/.stamp-demo
	$(PIP) install --quiet --group docs
	@touch $@

.venv-floors/.stamp: pyproject.toml .ci/lowest.py
	$(call MAKE_VENV,.venv-floors)
	.venv-floors/bin/python .ci/lowest.py > .venv-floors/lowest.txt
	.venv-floors/bin/python -m pip --disable-pip-version-check install --quiet \
		--constraint .venv-floors/lowest.txt --editable ".[all]" --group dev
	@touch $@

# pip installs all of a group or none of it, and a peer that cannot be had must
# not cost the others: see benchmarks/install.py.
.venv-bench/.stamp: pyproject.toml benchmarks/install.py
	$(call MAKE_VENV,.venv-bench)
	.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet --editable .
	.venv-bench/bin/python benchmarks/install.py bench
	@touch $@

.venv-bench-niquests/.stamp: pyproject.toml benchmarks/install.py
	$(call MAKE_VENV,.venv-bench-niquests)
	.venv-bench-niquests/bin/python benchmarks/install.py bench-niquests
	@touch $@

# requests-kerberos depends on C libraries that few machines have, and works without them.
.venv-ecosystem/.stamp: pyproject.toml
	$(call MAKE_VENV,.venv-ecosystem)
	.venv-ecosystem/bin/python -m pip --disable-pip-version-check install --quiet \
		--editable ".[all]" --group ecosystem
	.venv-ecosystem/bin/python -m pip --disable-pip-version-check install --quiet \
		--no-deps requests-kerberos
	.venv-ecosystem/bin/python -m pip --disable-pip-version-check uninstall --quiet --yes requests
	@touch $@

.venv-fuzz/.stamp: pyproject.toml
	$(call MAKE_VENV,.venv-fuzz)
	.venv-fuzz/bin/python -m pip --disable-pip-version-check install --quiet \
		--editable ".[all]" --group fuzz
	@touch $@

# -- what they are for -------------------------------------------------------

demo: $(VENV)/.stamp-demo
	$(BIN)/python examples/quickstart.py

test: $(VENV)/.stamp-dev
	$(BIN)/python $(PYTEST)

test-floors: .venv-floors/.stamp
	.venv-floors/bin/python $(PYTEST)

# What the packages warn of is theirs, and no error.
ecosystem: .venv-ecosystem/.stamp
	.venv-ecosystem/bin/python -m pytest -p ulak.dropin.pytest -W default $(ARGS) tests/dropin/ecosystem

check: lint types

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

# --verifytypes looks on PYTHONPATH; it does not see an editable installation.
types: $(VENV)/.stamp-dev
	$(BIN)/mypy --strict src
	$(BIN)/pyright --pythonpath $(BIN)/python
	PYTHONPATH=src $(BIN)/pyright --pythonpath $(BIN)/python --verifytypes ulak --ignoreexternal

format: $(VENV)/.stamp-dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: $(VENV)/.stamp-docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: .venv-bench/.stamp .venv-bench-niquests/.stamp
	.venv-bench/bin/python -m benchmarks $(ARGS)

fuzz: .venv-fuzz/.stamp
	.venv-fuzz/bin/python -m fuzz.guided $(ARGS)

soak: $(VENV)/.stamp-dev
	$(BIN)/python -m tests.torture.soak $(ARGS)

reliability: $(VENV)/.stamp-dev .venv-bench/.stamp .venv-bench-niquests/.stamp
	$(BIN)/python -m tests.hostile --write $(ARGS)

clean:
	rm -rf .venv .venv-* docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find src tests examples benchmarks fuzz -name __pycache__ -type d -prune -exec rm -rf {} +
