# What CI calls, unchanged. PYTHON is the interpreter that makes the environment; VENV is where it stands.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: install demo check test bench docs clean coverage

install: $(VENV)/.installed

# torch comes first and with its version, so that a machine without a GPU gets the small CPU build where there is one.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: install
	GOLDEN_PATH_SECONDS=90 PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/golden_path.sh
	$(BIN)/python examples/beside_vader.py examples/reviews.csv --out "$${TMPDIR:-/tmp}/limbeck-beside-vader"
	$(BIN)/python examples/mend_labels.py examples/reviews.csv

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python benchmarks/table.py --check

# The golden path ends within 45 s where nothing else runs; a busy machine takes twice as long, and nothing is wrong with it.
test: check
	$(BIN)/python -m pytest -q -n 2
	GOLDEN_PATH_SECONDS=90 PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/golden_path.sh

# Apart from the tests: before Python 3.12 the tracer makes them take 60 % longer.
coverage: install
	$(BIN)/python -m pytest -q -n 2 --cov --cov-report=term:skip-covered

bench: install
	@echo "Each benchmark is a command of its own and takes --data and --encoder; see benchmarks/README.md."
	$(BIN)/python benchmarks/table.py

docs: install
	$(BIN)/python -m pytest -q tests/docs

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .coverage
