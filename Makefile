# benchsuite: declare a study in YAML, run it bit for bit, read its paper. `make help` explains.

SHELL   := /bin/bash
# torch starts three times slower when its bytecode may not be kept.
unexport PYTHONDONTWRITEBYTECODE

PYTHON  ?= python3
VENV    ?= .venv
UV      ?= $(shell command -v uv)
SUITE   ?= beans_freeze
BENCH   ?= epochs
MINUTES ?= 10
PAGES   ?= pages
REPORT  ?= gpu-report
KILLS   ?= 100
SEED    ?= 0
# Of the tests: one more than there are cores, because they wait for processes of their own.
PROCESSES ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready

# Each of these passes through when it is set: make suite SUITE=beans_freeze SEEDS=2 SET="recipe.max_epochs=2"
OPTIONS  = $(if $(SEEDS),--seeds "$(SEEDS)") $(foreach change,$(SET),--set "$(change)") \
           $(if $(DATA),--data "$(DATA)") $(if $(POLICY),--policy "$(POLICY)") \
           $(if $(DEVICE),--device "$(DEVICE)") $(if $(RESULTS),--results "$(RESULTS)")
# Systems have a LANGUAGE of their own in the environment, which is not meant: only that of the command line counts.
FORM     = $(if $(TEMPLATE),--template "$(TEMPLATE)") $(if $(PAGE),--page "$(PAGE)") \
           $(if $(filter command,$(origin LANGUAGE)),--language "$(LANGUAGE)")

# Twice quiet: errors only. Where a machine adds a local index, pip warns of every package that is not in it.
PIP      = $(BIN)/python -m pip install -qq --disable-pip-version-check
LOCKED   = --require-hashes -r requirements.lock

.DEFAULT_GOAL := help
.PHONY: help setup suite paper plan verify site test test-all campaign gpu-check lint docs picture bench golden dist lock clean clean-cache

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
	@echo "  LANGUAGE=es|en          the language in which they write it"
	@echo
	@echo "Options of the others:"
	@echo "  PAGES=pages             where site goes; RESULTS says what it is made of"
	@echo "  ARGS=\"-k claims\"        more arguments for the program behind test, test-all and bench"
	@echo "  KILLS=100 SEED=0        how many kills campaign makes, and which instants it draws"
	@echo "  MINUTES=10 REPORT=DIR   how long gpu-check may take, and where its report goes (gpu-report);"
	@echo "                          DEVICE=cpu tries all of it without a GPU, shrunk"
	@echo "  BENCH=epochs            what bench measures: epochs, small_images, augmentations, studies, paper, plan, search, scale, cluster, looks"
	@echo "  PYTHON=python3.12       the Python that setup takes (3.11 to 3.13)"
	@echo "  VENV=.venv              where setup puts the environment, and the others look for it"
	@echo "  UV=                     setup by pip, although uv is there"

setup: $(READY)  ## Install the pinned environment into .venv, once

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); sys.exit(0 if ok else \
		"benchsuite needs Python 3.11 to 3.13; this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Setting up $(VENV) (once; torch is large, so this takes a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(if $(UV),"$(UV)" pip install --quiet --python $(BIN)/python $(LOCKED) || echo "uv could not install it; pip tries ..." >&2)
	@$(PIP) $(LOCKED)
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

suite: $(READY)  ## Run the study SUITE and write its paper
	@$(BIN)/benchsuite run "$(SUITE)" $(OPTIONS) $(FORM)

paper: $(READY)  ## Write the paper of SUITE again from what is done
	@$(BIN)/benchsuite paper "$(SUITE)" $(OPTIONS) $(FORM)

plan: $(READY)  ## Show the runs of SUITE, done and due, and what they cost
	@$(BIN)/benchsuite plan "$(SUITE)" --cost $(OPTIONS)

verify: $(READY)  ## Repeat a run of SUITE from scratch and compare it bit for bit
	@$(BIN)/benchsuite verify "$(SUITE)" $(OPTIONS)

site: $(READY)  ## Write all studies as pages to browse, into PAGES
	@$(BIN)/benchsuite site $(if $(RESULTS),"$(RESULTS)") --to "$(PAGES)"

test: $(READY)  ## Run the tests
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n $(PROCESSES) --dist loadfile $(ARGS)

test-all: $(READY)  ## Run the tests, those that take minutes included
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n $(PROCESSES) --dist loadfile $(ARGS)
	@$(BIN)/python -m pytest -m slow $(ARGS)

campaign: $(READY)  ## Kill a small study at KILLS random instants and look for what is lost, or left behind
	@KILLS="$(KILLS)" SEED="$(SEED)" $(BIN)/python -m pytest -m slow -s tests/end_to_end/test_kill_campaign.py

gpu-check: $(READY)  ## Try all that only a GPU can tell, and write a report of it
	@$(BIN)/python tests/cuda/acceptance.py --minutes "$(MINUTES)" --out "$(REPORT)" $(if $(DEVICE),--device "$(DEVICE)")

lint: $(READY)  ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(READY)  ## Build the documentation in docs/_build/html
	@$(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

picture: $(READY)  ## Draw the picture of the architecture again, from the imports of the code
	@$(BIN)/python docs/_ext/architecture.py

bench: $(READY)  ## Measure the engine against the usual way of training, papers, planning, or very large studies (BENCH says which)
	@PYTHONPATH=tests $(BIN)/python -m tests.benchmarks.$(BENCH) $(ARGS)

golden: $(READY)  ## Make the golden runs of this version, which later ones must repeat bit for bit
	@$(BIN)/python tests/golden/golden.py

dist: $(READY)  ## Build wheel and sdist into dist/ and check them (see RELEASING.md)
	@rm -rf dist build && mkdir -p build
	@$(PYTHON) -m venv build/tools && build/tools/bin/python -m pip install -qq --disable-pip-version-check build twine
	@build/tools/bin/python -m build --outdir dist .
	@build/tools/bin/python -m twine check --strict dist/*

lock: $(READY)  ## Pin the newest allowed versions again (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade -o requirements.lock

clean:  ## Remove the environment and what tools leave behind; results and caches stay
	rm -rf $(VENV) build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-cache: $(READY)  ## Remove decoded images, features and samples from the user cache
	@$(BIN)/benchsuite cache --clear
