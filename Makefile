# Every developer action is one verb. `make run` and `make test` work on a fresh machine with Python >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test lint bench presets lock chromium clean

# The dashboard at http://127.0.0.1:8501, showing a finished explanation.
run: $(VENV)/.run
	$(BIN)/spex serve

# Everything the tests need, Chromium included, then lint and every test.
test: $(VENV)/.test chromium lint
	OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Long: our methods on exact games, our engine against other tools' loops.
bench: $(VENV)/.test
	$(BIN)/spex bench estimators
	$(BIN)/spex bench engine

# The examples that travel with the package, explained again by today's code and models (some minutes; commit them).
presets: $(VENV)/.run
	$(BIN)/python assets/presets/make.py

# Resolve pyproject.toml again into the two lock files (exact versions; torch without its local build tag).
lock:
	$(PYTHON) -m pip install -q --dry-run --ignore-installed --report .lock.json ".[test,lint]"
	$(PYTHON) .ci/lock.py .lock.json > requirements-test.lock
	$(PYTHON) -m pip install -q --dry-run --ignore-installed --report .lock.json -c requirements-test.lock .
	$(PYTHON) .ci/lock.py .lock.json > requirements.lock
	rm .lock.json

$(VENV)/.run: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed: make PYTHON=python3.11"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps -e .
	touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.run
	$(BIN)/python -m pip install -q -r requirements-test.lock
	touch $@

# Browser tests drive Debian's Chromium; without it and without rights to install it they skip and say so.
chromium:
	@test -x /usr/bin/chromium || { echo "Installing Chromium for the browser tests"; \
	  SUDO=$$(test "$$(id -u)" = 0 || echo sudo); \
	  $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq chromium fonts-noto-cjk fonts-noto-color-emoji; } \
	  || echo "Chromium could not be installed; the browser tests will be skipped"

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
