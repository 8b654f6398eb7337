# 'make' alone lists the recipes.
.DEFAULT_GOAL := help
SHELL := /bin/sh

UV_VERSION := 0.13.9
PYTHON ?= python3
# how many tests run at once; each file's run in one process, because they share what is slow to set up
WORKERS ?= auto
# uv from the machine where it is there, else our own copy in .tools
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
# What the demo needs is a third of what the tests need: Spark alone is half a gigabyte.
READY := .venv/.evenground-ready
SYNCED := .venv/.evenground-synced

# The tests start hundreds of processes: without its compiled files, Python spends most of their time on reading source.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo setup test check fix bench docs pictures assets clean

help: ## list the recipes
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Run: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .tools || { echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; rm -rf .tools; exit 1; }
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(READY): pyproject.toml uv.lock $(filter .tools/bin/uv,$(UV))
	UV_PYTHON_DOWNLOADS=never $(UV) sync --locked --extra web --extra reports --no-default-groups --inexact
	@touch $(READY)

$(SYNCED): pyproject.toml uv.lock $(filter .tools/bin/uv,$(UV))
	UV_PYTHON_DOWNLOADS=never $(UV) sync --locked --all-extras
	@touch $(SYNCED) $(READY)

assets: $(READY) ## fetch and prepare the site's style sheets and scripts
	@$(RUN) python -m evenground_web.assets --uv $(UV)

demo: assets ## set up everything, build the invented Place of Wenbury and open its site
	@$(RUN) evenground demo $(DEMO)

setup: $(SYNCED) assets ## set up everything that tests and checks need

test: setup ## set up everything and run every test
	$(RUN) pytest -n $(WORKERS) --maxprocesses 4 --dist loadgroup --no-loadscope-reorder $(TESTS)

check: $(SYNCED) ## format, lint, types, import contracts, migrations, lock file
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) python -m evenground_web manage makemigrations --check --dry-run
	$(UV) lock --check

fix: $(SYNCED) ## format the code and mend what the linter can
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: $(SYNCED) ## measure speed and memory, as ratios within one run
	@UV_PYTHON_DOWNLOADS=never $(UV) sync --quiet --locked --all-extras --group bench
	$(RUN) python -m benchmarks $(BENCH)

docs: $(SYNCED) ## write the reference pages that are made from the code and the definitions
	$(RUN) python -m scripts.write_reference

pictures: $(SYNCED) assets ## take the screenshots in docs/images from the demo (needs Chromium)
	$(RUN) python -m tests.browser.screenshots

clean: ## remove the virtual environment, built files and the demo
	rm -rf .venv .tools demo node_modules src/evenground_web/static_built
