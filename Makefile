# make demo: install curate and run the WanJuan-CC recipe on the example crawl.
# make test: install what the tests need and run them.   make help: list all targets.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: help demo test quick check bench crawl models clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(VENV)/installed  ## install curate, run pipelines/wanjuan_cc.yaml on the example crawl, print the result
	$(BIN)/curate run pipelines/wanjuan_cc.yaml
	@echo; echo 'To go on: . $(BIN)/activate'

test: $(VENV)/tested-with  ## install what the tests need, run all tests
	$(BIN)/python -m pytest

quick: $(VENV)/tested-with  ## run the tests that are not marked as slow
	$(BIN)/python -m pytest -m "not slow"

check: $(VENV)/tested-with  ## check format, lint and the rules of this repository
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/python -m pytest tests/test_house_rules.py

bench: $(VENV)/tested-with  ## measure the speed against other tools, in the same run; needs CURATE_DATA
	$(BIN)/python -m tests.bench

crawl: $(VENV)/tested-with  ## write the example crawl again; every run gives the same bytes
	$(BIN)/python examples/make_crawl.py

models: $(VENV)/tested-with  ## train the bundled classifiers again from DATA=folder; equal data gives equal bytes
	$(BIN)/python -m examples.bundled_models.texts --data $(or $(DATA),$(CURATE_DATA),../shared/data)

clean:  ## remove the virtual environment and all run folders
	rm -rf $(VENV) runs

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/tested-with: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/installed
