# veille: everything a person types. Needs Python 3.11+, git and make; the rest is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
# What is compiled once need not be compiled by each of the hundreds of processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE
# Three at once on two processors, as many tests wait; whoever has none left takes over some of another's.
PYTEST := $(BIN)/pytest -q -n 3 --dist worksteal

.PHONY: help demo run test check lint types layers cover docs lock build clean
help:
	@echo "make demo   the whole daemon on a bundled local newsroom, no internet needed"
	@echo "make run    the daemon, with the settings of .env"
	@echo "make test   the tests"
	@echo "make check  lint, types, layers, tests with coverage, freshness of the docs"
	@echo "make docs   rewrite the generated pages      make lock   renew the lock files"
	@echo "make build  the wheel and the sdist          make clean  remove what make made"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "veille needs Python 3.11 or later; \
	$(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing. On Debian and Ubuntu: \
	apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	@command -v uv >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/run.stamp: $(BIN)/python requirements.lock pyproject.toml
	$(INSTALL) --compile-bytecode --require-hashes -r requirements.lock
	$(INSTALL) --no-deps -e .
	@$(BIN)/python -m compileall -q monitor rules
	@touch $@
.venv/dev.stamp: .venv/run.stamp requirements-dev.lock
	$(INSTALL) --compile-bytecode --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/run.stamp
	@$(BIN)/veille demo
run: .venv/run.stamp
	@$(BIN)/veille run
test: .venv/dev.stamp
	@$(PYTEST)
check: lint types layers cover
lint: .venv/dev.stamp
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
types: .venv/dev.stamp
	@$(BIN)/mypy
layers: .venv/dev.stamp
	@$(BIN)/lint-imports
cover: .venv/dev.stamp
	@$(BIN)/coverage erase
	@$(PYTEST) -m 'not untraced and not acceptance' --hypothesis-profile=traced --cov --cov-report=
	@$(BIN)/coverage report --fail-under=95
	@$(BIN)/coverage report --fail-under=100 --include='rules/*,monitor/store/*,monitor/alerting/*,monitor/stories/*'
docs: .venv/dev.stamp
	@$(BIN)/python -m docs.generate
lock: $(BIN)/python
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header -U pyproject.toml -o requirements.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header -U pyproject.toml --group dev \
	-c requirements.lock -o requirements-dev.lock
build: .venv/dev.stamp
	$(UV) build --quiet
clean:
	rm -rf .venv dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
