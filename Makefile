# Each target is one command of the project's; what a command does is decided in Python.
PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export DVC_NO_ANALYTICS := 1
# What the user's shell tells Python is not for ours; what else reaches whom: twinserve/config/variables.py.
unexport $(filter-out PYTHONUNBUFFERED,$(filter PYTHON%,$(.VARIABLES)))

.DEFAULT_GOAL := help

.PHONY: help
help: ## list every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/ready ## reproduce the model, serve it on both targets, check and measure them
	@$(BIN)/twinserve rehearse

.PHONY: adopt
adopt: .venv/ready ## take a table of yours into params.yaml: TABLE=file.csv LABEL=column [TASK=regression RUNTIME=joblib]
	@$(BIN)/twinserve adopt "$(TABLE)" --label "$(LABEL)" $(if $(TASK),--task "$(TASK)") $(if $(RUNTIME),--runtime "$(RUNTIME)")

.PHONY: test
test: .venv/ready ## the model's suite and the engine's (8 minutes on two cores)
	@$(BIN)/python -m tests.suites model engine

.PHONY: test-model
test-model: .venv/ready ## what a change of parameters, data or dvc.lock needs (2 minutes)
	@$(BIN)/python -m tests.suites model

.PHONY: test-engine
test-engine: .venv/ready ## everything else that is quick; SHARD=1/3 for a part of it
	@$(BIN)/python -m tests.suites engine $(if $(SHARD),--shard=$(SHARD))

.PHONY: test-nightly
test-nightly: .venv/ready ## whole sweeps with gcloud, containers, every table; SHARD=1/3 (today/3: each day another), EVERY=4 (of many cases)
	@$(BIN)/python -m tests.suites nightly $(if $(SHARD),--shard=$(SHARD)) $(if $(EVERY),--every=$(EVERY))

.PHONY: test-all
test-all: .venv/ready ## all three suites, held together to the bound of coverage
	@$(BIN)/python -m tests.suites model engine nightly --coverage

.PHONY: serve
serve: .venv/ready ## serve both targets until Ctrl-C (SERVICE_PORT, FUNCTION_PORT; RELOAD=1 follows changes)
	@$(BIN)/twinserve serve $(if $(RELOAD),--reload)

.PHONY: repro
repro: .venv/ready ## reproduce the model and both bundles (dvc repro)
	@$(BIN)/twinserve repro

.PHONY: bench
bench: .venv/ready ## compare both targets with floor, ceiling, reference and empty function
	@$(BIN)/twinserve bench compare

.PHONY: imports
imports: .venv/ready ## what each target imports before its first prediction, and for how long
	@$(BIN)/twinserve bench imports

.PHONY: matrix
matrix: .venv/ready ## cold starts over runtime, memory and CPU, image or function
	@$(BIN)/twinserve matrix

.PHONY: history
history: .venv/ready ## draw the measurements that are kept over time (reports/history)
	@$(BIN)/twinserve history

.PHONY: peers
peers: .venv/ready ## compare both targets with other serving frameworks (12 minutes)
	@$(BIN)/twinserve bench peers

.PHONY: comparison
comparison: .venv/ready ## make docs/comparison.md and its page from figures, model card and prices
	@$(BIN)/twinserve comparison

.PHONY: lint
lint: .venv/ready ## ruff, mypy, the layers of the engine, hadolint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/hadolint service/Dockerfile

.PHONY: lint-workflows
lint-workflows: .venv/ready ## the pipeline's own files: schemas, zizmor's strictest rules
	@$(BIN)/zizmor --quiet --pedantic .
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.cloudbuild cloudbuild.yaml

.PHONY: verify
verify: .venv/ready ## hold locks, model and bundles to each other, by hash
	@$(BIN)/twinserve verify

.PHONY: sbom
sbom: .venv/ready ## list what the service's image holds, as CycloneDX (reports/sbom.json)
	@$(BIN)/twinserve sbom

.PHONY: audit
audit: .venv/ready ## known vulnerabilities of what is served (asks PyPI); BASE=DIR for what is new
	@$(BIN)/twinserve audit $(if $(BASE),--base "$(BASE)")

.PHONY: lock
lock: .venv/ready ## compile the lock files anew from pyproject.toml
	@$(BIN)/twinserve lock

.PHONY: clean
clean: ## remove environments, caches and outputs
	rm -rf .venv .cache dist reports engine.json models/served models/model.json models/model.pkl models/fitted.pkl data/prepared dvc_plots .dvc/cache .dvc/tmp
	rm -rf .mypy_cache .pytest_cache .ruff_cache .benchmarks .hypothesis .coverage*

# What an environment's scripts name by its path is worth nothing where it was moved or copied to; and
# an estimator that params.yaml names may need a library that is not in it.
ifneq ($(shell cat .venv/ready 2>/dev/null),$(shell $(PYTHON) -m twinserve.delivery.environment.install --expected 2>/dev/null))
.PHONY: .venv/ready
endif
.venv/ready: locks/bootstrap.txt locks/dev.txt twinserve/delivery/environment/install.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed; say which with `make PYTHON=python3.12 ...`")'
	@$(PYTHON) -m twinserve.delivery.environment.install
