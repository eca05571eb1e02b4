# One command each, nothing to install before: `make demo` shows it working, `make test` tests it.
# setup.sh makes .venv ready from the hashed locks; ARGS= goes to the command: make test ARGS="-k mailbox"

HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
BIN := .venv/bin

# Footage, other models and labelled pictures that are not ours to ship, where they lie beside the checkout; everything
# works without them too: `make test SHARED=` tries that.
SHARED ?= $(wildcard $(HERE)../shared)
export ZONEWATCH_SHARED := $(if $(SHARED),$(abspath $(SHARED)))
FOOTAGE = $(wildcard $(SHARED)/footage)

.PHONY: help demo test check mutations bench-smoke bench bench-incidents lock clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(HERE)Makefile | expand -t 14

demo: ## simulated cameras, the pipeline and its alerts, on this machine; ends by itself
	@sh setup.sh run
	@$(BIN)/zonewatch demo $(if $(FOOTAGE),--footage $(FOOTAGE)) $(ARGS)

test: ## all tests, with real Redis and RTSP servers where they can be had
	@sh setup.sh test
	@$(BIN)/python -m pytest $(ARGS)

check: ## lint, format, types, import contracts, shape of the code
	@sh setup.sh test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/test_house.py

mutations: ## small mistakes made on purpose: do the tests notice? six minutes
	@sh setup.sh test
	@$(BIN)/python -m tests.mutations $(ARGS)

# Those that take other models, clips or data sets where they are there; and all.
WITH_FOOTAGE := replay detector incidents
SMOKES ?= $(WITH_FOOTAGE) motion tracking journal sources containers resting decoding idle cold zones following ledger

bench-smoke: ## the benchmarks once over, short: do they still run?
	@sh setup.sh test
	@for one in $(SMOKES); do $(BIN)/python -m benchmarks.$$one --smoke || exit 1; done

bench: ## beside others, in full: how many times faster; two hours, kept in benchmarks/results/
	@sh setup.sh test
	@$(BIN)/python -m benchmarks.motion --write $(ARGS)
	@$(BIN)/python -m benchmarks.decoding --write $(ARGS)
	@$(BIN)/python -m benchmarks.idle --write $(ARGS)
	@$(BIN)/python -m benchmarks.zones --write $(ARGS)
	@$(BIN)/python -m benchmarks.following --write $(ARGS)
	@$(BIN)/python -m benchmarks.busy --write $(ARGS)
	@$(BIN)/python -m benchmarks.footprint --write $(ARGS)
	@$(BIN)/python -m benchmarks.alerting --write
	@$(BIN)/python -m benchmarks.waking --write
	@$(BIN)/python -m benchmarks.count --write
	@$(BIN)/python -m benchmarks.cold --write $(ARGS)
	@$(BIN)/python -m benchmarks.cold --slices --write
	@$(BIN)/python -m benchmarks.cold --smoke --write
	@.build/peers/bin/python benchmarks/peers/plot.py

bench-incidents: ## are incidents told, all of them and nothing else? 10 to 40 minutes; ARGS="--model yolox-nano"
	@sh setup.sh test
	@$(BIN)/python -m benchmarks.incidents $(ARGS)

COMPILE = uv pip compile -q --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(ARGS) pyproject.toml --extra demo

lock: ## write both locks again from pyproject.toml (needs uv); newer versions: make lock ARGS=--upgrade
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@$(COMPILE) --group build -o requirements.lock >/dev/null
	@$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock >/dev/null

clean: ## remove .venv and caches; what runs have kept in var/ stays
	@rm -rf .venv .build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
