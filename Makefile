# `make` sets up and runs the default study, `make test` sets up and runs the tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Compiled at once: in a read-only environment, each of a study's many short jobs would compile PyTorch again.
INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
# The user's settings must not make pip install elsewhere, nor put another environment's libraries first.
export PIP_USER := 0
unexport PYTHONPATH
# An environment contains its own path, so a moved checkout needs a new one.
PLACE := $(VENV)/pyvenv.cfg
ifneq ($(shell grep -sq '^command' $(PLACE) && ! grep -qF " $$(pwd -P)/$(VENV)" $(PLACE) && echo moved),)
.PHONY: $(BIN)/uv
MOVED := --clear
endif
# Passed on to snakemake: make study ARGUMENTS="--configfile config/paper.yaml"
ARGUMENTS ?=

.DEFAULT_GOAL := study
.PHONY: study test test-quick env develop lock benchmark readme findings docs verify clean help

study: env ## set up and run a study (config/config.yaml by default); VERBOSE=1 shows Snakemake's log
	@$(BIN)/snakemake $(if $(VERBOSE),,--logger distancenets) $(ARGUMENTS)

test: develop ## set up and run every check and test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint
	$(BIN)/pytest --numprocesses auto --dist loadfile

test-quick: develop ## run the quick tests, in less than 90 s
	$(BIN)/pytest --numprocesses auto --dist loadfile -m "not slow"

env: $(VENV)/.run ## make .venv from envs/run.txt

develop: $(VENV)/.develop ## make .venv from envs/develop.txt

lock: $(BIN)/uv ## resolve pyproject.toml again into envs/*.txt
	echo "uv" | $(LOCK) - --upgrade --no-annotate --output-file envs/uv.txt
	$(LOCK) --upgrade pyproject.toml --output-file envs/run.txt
	$(LOCK) --upgrade pyproject.toml --group develop --constraint envs/run.txt --output-file envs/develop.txt

benchmark: env ## time a model-epoch of all engines and packs, against the usual training
	$(BIN)/distancenets data fetch mnist
	$(BIN)/python benchmarks/epoch_time.py --json benchmarks/results/latest.json

readme: env ## put the newest committed results into README.md
	$(BIN)/distancenets readme

findings: env ## write docs/findings.md and docs/report/ from the results of the paper's study
	$(BIN)/distancenets findings

docs: env ## write the generated pages of docs/: configuration, outputs, interpreting results
	$(BIN)/distancenets docs

verify: env ## check all committed results of the paper's study: derive them from the archive, or compare their digests
	$(BIN)/distancenets verify --study config/paper.yaml

clean: ## delete the environment; results and data stay
	rm -rf $(VENV)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 12

$(BIN)/uv: envs/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.x")'
	$(PYTHON) -m venv $(MOVED) $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement envs/uv.txt
	@touch $@

# The package itself is installed in place; uv carries its build backend, so nothing else is fetched.
$(VENV)/.run: envs/run.txt pyproject.toml $(BIN)/uv
	$(INSTALL) --require-hashes --requirement envs/run.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.develop: envs/develop.txt $(VENV)/.run
	$(INSTALL) --require-hashes --requirement envs/develop.txt
	@touch $@
