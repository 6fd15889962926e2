# make demo: install and run the WanJuan-CC recipe on the example crawl.   make test: install what tests need, run them.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: help demo test quick check bench crawl models clean

help:  ## list what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(VENV)/installed  ## install, run pipelines/wanjuan_cc.yaml on the example crawl, print the funnel
	$(BIN)/curate run pipelines/wanjuan_cc.yaml
	@echo; echo 'To go on: . $(BIN)/activate'

test: $(VENV)/tested-with  ## install what tests need and run all of them
	$(BIN)/python -m pytest

quick: $(VENV)/tested-with  ## the tests that take seconds
	$(BIN)/python -m pytest -m "not slow"

check: $(VENV)/tested-with  ## format, lint, house rules
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/python -m pytest tests/test_house_rules.py

bench: $(VENV)/tested-with  ## speed against peers, each pair in one run
	$(BIN)/python -m tests.bench

crawl: $(VENV)/tested-with  ## write the example crawl again; the files come out byte for byte the same
	$(BIN)/python examples/make_crawl.py

models: $(VENV)/tested-with  ## train the bundled classifiers again from DATA=folder; the same data gives the same bytes
	$(BIN)/python -m examples.bundled_models.texts --data $(or $(DATA),$(CURATE_DATA),../shared/data)

clean:  ## remove what was installed and run
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
