# benchsuite: declare a study in YAML, run it bit for bit, read its paper. `make help` explains.

SHELL   := /bin/bash
# torch starts three times slower when its bytecode may not be kept.
unexport PYTHONDONTWRITEBYTECODE

PYTHON  ?= python3
VENV    ?= .venv
SUITE   ?= beans_freeze
BENCH   ?= epochs
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready

# Each of these passes through when it is set: make suite SUITE=beans_freeze SEEDS=2 SET="recipe.max_epochs=2"
OPTIONS  = $(if $(SEEDS),--seeds "$(SEEDS)") $(foreach change,$(SET),--set "$(change)") \
           $(if $(DATA),--data "$(DATA)") $(if $(POLICY),--policy "$(POLICY)") \
           $(if $(DEVICE),--device "$(DEVICE)") $(if $(RESULTS),--results "$(RESULTS)")
FORM     = $(if $(TEMPLATE),--template "$(TEMPLATE)") $(if $(PAGE),--page "$(PAGE)")

.DEFAULT_GOAL := help
.PHONY: help setup suite paper plan verify test test-all lint docs bench golden lock clean clean-cache

help:  ## Explain the commands
	@echo "benchsuite: declare an image-classification study in YAML, run it bit for bit, read its paper."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Options of suite, paper, plan and verify (each may be left out):"
	@echo "  SUITE=beans_freeze      the study; see them all with $(BIN)/benchsuite list"
	@echo "  SEEDS=2                 how many seeds, or which ones (0,4,7)"
	@echo "  SET=\"recipe.max_epochs=2 dataset.image_size=96\"   change parameters of every case"
	@echo "  DATA=DIR                folder with the real data sets (or BENCHSUITE_DATA=DIR)"
	@echo "  POLICY=auto|real|sample what to do without the real data"
	@echo "  DEVICE=auto|cpu|cuda    where to compute"
	@echo "  RESULTS=results         where records and papers go"
	@echo "  TEMPLATE=ieee|report    how suite and paper set the paper"
	@echo "  PAGE=a4|letter          the size of its pages"

setup: $(READY)  ## Install the pinned environment into .venv, once

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); sys.exit(0 if ok else \
		"benchsuite needs Python 3.11 to 3.13; this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Setting up $(VENV) (once; torch is large, so this takes a few minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

suite: $(READY)  ## Run the study SUITE and write its paper
	@$(BIN)/benchsuite run "$(SUITE)" $(OPTIONS) $(FORM)

paper: $(READY)  ## Write the paper of SUITE again from what is done
	@$(BIN)/benchsuite paper "$(SUITE)" $(OPTIONS) $(FORM)

plan: $(READY)  ## Show the runs of SUITE, done and due, and what they cost
	@$(BIN)/benchsuite plan "$(SUITE)" --cost $(OPTIONS)

verify: $(READY)  ## Repeat a run of SUITE from scratch and compare it bit for bit
	@$(BIN)/benchsuite verify "$(SUITE)" $(OPTIONS)

test: $(READY)  ## Run the tests
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile $(ARGS)

test-all: $(READY)  ## Run the tests, those that take minutes included
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile $(ARGS)
	@$(BIN)/python -m pytest -m slow $(ARGS)

lint: $(READY)  ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(READY)  ## Build the documentation in docs/_build/html
	@$(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(READY)  ## Measure the engine against the usual way of training, or papers (BENCH=epochs, small_images, paper)
	@PYTHONPATH=tests $(BIN)/python -m tests.benchmarks.$(BENCH) $(ARGS)

golden: $(READY)  ## Make the golden runs of this version, which later ones must repeat bit for bit
	@$(BIN)/python tests/golden/golden.py

lock: $(READY)  ## Pin the newest allowed versions again (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade -o requirements.lock

clean:  ## Remove the environment and what tools leave behind; results and caches stay
	rm -rf $(VENV) build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-cache: $(READY)  ## Remove decoded images, features and samples from the user cache
	@$(BIN)/benchsuite cache --clear
