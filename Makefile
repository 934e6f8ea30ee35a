# Everything is made from here: `make` sets up and runs the default study, `make test` sets up and runs the tests.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Compiled at once: where nothing may be written later, each of a study's many short jobs would compile PyTorch anew.
INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
# pip may be told to install elsewhere, and another environment's libraries may come first: not in here.
export PIP_USER := 0
unexport PYTHONPATH
# An environment knows its own place: in a moved checkout it is made anew.
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

test-quick: develop ## run the tests that take seconds, in less than 90 s
	$(BIN)/pytest --numprocesses auto --dist loadfile -m "not slow"

env: $(VENV)/.run ## make .venv from envs/run.txt

develop: $(VENV)/.develop ## make .venv from envs/develop.txt

lock: $(BIN)/uv ## resolve pyproject.toml anew into envs/*.txt
	echo "uv" | $(LOCK) - --upgrade --no-annotate --output-file envs/uv.txt
	$(LOCK) --upgrade pyproject.toml --output-file envs/run.txt
	$(LOCK) --upgrade pyproject.toml --group develop --constraint envs/run.txt --output-file envs/develop.txt

benchmark: env ## time a model-epoch against the usual way, all engines and packs
	$(BIN)/distancenets data fetch mnist
	$(BIN)/python benchmarks/epoch_time.py --json benchmarks/results/latest.json

readme: env ## put the newest committed results into README.md
	$(BIN)/distancenets readme

findings: env ## write docs/findings.md and docs/report/ from the results of the paper's study
	$(BIN)/distancenets findings

docs: env ## write the generated pages of docs/: configuration, outputs, interpreting results
	$(BIN)/distancenets docs

verify: env ## check all that is committed of the paper's study: derive it anew from the archive, or hold it against digests
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
