# One command each; `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help install run demo test test-full check format lint types layers bench load worlds fuzz lock clean

help:            ## what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## the virtual environment, from the lock file

$(STAMP): requirements.lock requirements-alone.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-alone.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

run: install     ## one node on http://127.0.0.1:8080, SQLite in ./var
	$(BIN)/tertulia serve

demo: install    ## three nodes on this machine, with a community across them
	$(BIN)/python -m demo

test: install    ## the whole suite; rows marked `both` on SQLite and PostgreSQL
	$(BIN)/pytest -n 3 --dist loadfile

test-full: install ## everything on both databases
	TERTULIA_TEST_FULL=1 $(BIN)/pytest -n 3 --dist loadfile

check: format lint types layers test ## all that must be green before a change lands

format: install
	$(BIN)/ruff format --check .

lint: install
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

layers: install
	$(BIN)/lint-imports --no-logo

bench: install   ## paths as ratios to the raw limits of the same run
	$(BIN)/python -m bench

load: install    ## a running node under load from outside: NODE=… TOKEN=… RATE=… SERVERS=…
	$(BIN)/python -m bench.load --node $(or $(NODE),http://127.0.0.1:8080) --token $(TOKEN) \
	  --rate $(or $(RATE),100) --servers $(or $(SERVERS),20)

worlds: install  ## a community over three nodes against its model: N=… examples, a seed is printed
	TERTULIA_WORLDS=$(or $(N),100) $(BIN)/pytest -n 0 -s tests/together/model

fuzz: install    ## what no app would send, as nobody, guest and member: N=… seconds, SEED=…
	TERTULIA_FUZZ_SECONDS=$(or $(N),300) TERTULIA_FUZZ_SEED=$(or $(SEED),0) \
	  $(BIN)/pytest -n 0 -s tests/fuzz

delays: install  ## the suite on a machine that seems busy: SHARE=0.1 of what is stored comes late
	DELAYS=$(or $(SHARE),0.1) PYTHONPATH=$(CURDIR)/tests/delays \
	  $(BIN)/pytest -n 4 --dist loadfile --timeout 400

lock:            ## choose the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --python-version 3.11 --upgrade -o requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
