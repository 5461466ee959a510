.PHONY: help demo doctor test quick coverage simulate soak odd bench mutants lint schema picture lock requirements clean
.DEFAULT_GOAL := help

# A container often sets this: then every process of the tests would compile all of the project anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
VERCEL := .cache/vercel
# What was installed from the locks as they are now; a second call has nothing to do.
fingerprint = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
STAMP := $(VENV)/.made-from-$(call fingerprint,requirements-dev.txt)
CLIENTS_STAMP := tests/clients/node_modules/.made-from-$(call fingerprint,tests/clients/package-lock.json)
NEXTJS_STAMP := examples/nextjs/node_modules/.made-from-$(call fingerprint,examples/nextjs/package-lock.json)
ASTRO_STAMP := examples/astro/node_modules/.made-from-$(call fingerprint,examples/astro/package-lock.json)
VERCEL_STAMP := $(VERCEL)/.made-from-$(call fingerprint,tests/runtime/package-lock.json)
MUTANTS := .cache/mutants
MUTANTS_STAMP := $(MUTANTS)/venv/.made-from-$(call fingerprint,uv.lock)
MINUTES := 30
# Left out of coverage: a killed process can't tell what it ran, the runtime is another Python, the rest is about dev.
UNMEASURED := stack/crashes runtime browser bench dev
QUICK := tests/bundle tests/media tests/notion tests/notify tests/qstash tests/sync $(filter-out %/test_installation.py,$(wildcard tests/test_*.py))
# Files of tests side by side: two more than there are processors, for many of them wait for servers.
JOBS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))
NPM := npm --no-audit --no-fund --loglevel=error --fetch-retries=1
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check
UV = UV_PYTHON="$(CURDIR)/$(VENV)/bin/python" $(VENV)/bin/uv --quiet
UPGRADE := --upgrade
NODE_FOLDERS := tests/clients tests/runtime examples/nextjs examples/astro
# FILE,PART: what the lock has of it, with hashes, as pip reads it.
define export
@echo '# From uv.lock, by "make lock". What is asked for, and why, stands in pyproject.toml.' >$(1)
@$(UV) export --locked --no-header $(2) >>$(1)
endef
# Without npm, or without a registry, the tests that need these are skipped and say so; with CI set they fail.
NODE_STAMPS := $(if $(shell command -v npm),$(CLIENTS_STAMP) $(NEXTJS_STAMP) $(ASTRO_STAMP) $(VERCEL_STAMP))

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

demo: $(STAMP) ## the whole stack on this machine, with no account: one sync whose worker is killed on the way (ARGS=--once ends it)
	@$(VENV)/bin/python -m dev $(ARGS)

doctor: $(STAMP) ## a real set-up, looked over: variables, Notion, KV, QStash, the deployed worker (ARGS=--live: test notices too)
	@$(VENV)/bin/python -m dev doctor $(ARGS)

test: ## everything that can be checked on this machine (ARGS=tests/sync: only that)
	@$(MAKE) --silent --no-print-directory --jobs lint $(NODE_STAMPS)
	@$(VENV)/bin/python -m pytest --numprocesses=$(JOBS) --dist=loadfile --no-loadscope-reorder $(ARGS)

quick: $(STAMP) ## the tests that start no server, without the linter
	@$(VENV)/bin/python -m pytest --quiet --numprocesses=$(JOBS) --dist=loadfile $(QUICK) $(ARGS)

coverage: $(STAMP) $(NODE_STAMPS) ## which lines and branches of lib and api the tests never come to; fails where it is too many
	@$(VENV)/bin/python -m pytest --cov --numprocesses=$(JOBS) --dist=loadfile $(UNMEASURED:%=--ignore=tests/%) $(ARGS)

simulate: $(STAMP) ## random histories in virtual time, by the hundred, for so long (MINUTES=5); says what was never reached
	@$(VENV)/bin/python -m tests.simulation --minutes $(MINUTES) --must-reach $(ARGS)

soak: $(STAMP) ## random histories of edits, faults and runs for so long (MINUTES=30)
	@SOAK_SECONDS=$$(($(MINUTES) * 60)) $(VENV)/bin/python -m pytest tests/stack/histories --show-capture=no

odd: $(STAMP) $(CLIENTS_STAMP) ## odd values of every type of Notion's API, each judged by what a site reads of it (COUNT=100000; CASE=<file>: what failed)
	@COUNT=$(COUNT) CASE=$(CASE) $(VENV)/bin/python -m tests.odd

bench: $(STAMP) $(NODE_STAMPS) ## every number of the project, into bench/RESULTS.md (ARGS=full: only that)
	@$(VENV)/bin/python -m bench $(ARGS)

mutants: $(MUTANTS_STAMP) ## the code broken in thousands of ways: which do the quick tests not see? (ARGS='lib.auth* lib.bundle.*': there)
	@for each in $$(git ls-files | cut -d / -f 1 | sort -u); do ln -sfn "$(CURDIR)/$$each" $(MUTANTS)/; done
	@cp tests/mutants/setup.cfg $(MUTANTS)
	@cd $(MUTANTS) && PATH="$$PWD/venv/bin:$$PATH" nice -n 19 mutmut run $(foreach glob,$(ARGS),'$(glob)') && venv/bin/mutmut results

lint: $(STAMP) ## format, style and types
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy --no-error-summary

schema: $(STAMP) $(CLIENTS_STAMP) ## the JSON Schema of what a site reads, and the TypeScript types made from it
	@$(VENV)/bin/python -m dev.schema
	@cd tests/clients && node types.mjs ../../schema/notion-kv.json > ../../schema/notion-kv.d.ts

picture: $(STAMP) ## every state of the dashboard as a picture, into .cache/pictures, three of them into docs (needs Chromium)
	@$(VENV)/bin/python -m tests.browser.picture

lock: $(STAMP) ## every package anew, at the newest version that pyproject.toml and package.json allow (UPGRADE=: only what changed there)
	@$(UV) lock $(UPGRADE)
	@$(MAKE) --no-print-directory requirements
	@for each in $(NODE_FOLDERS); do $(NPM) $(if $(UPGRADE),update,install) --package-lock-only --prefix $$each || exit 1; done

requirements: # what pip installs, as uv.lock has it
	$(call export,requirements.txt,--no-dev)
	$(call export,requirements-dev.txt,--group dev)
	$(call export,.ci/requirements.txt,--only-group node)

clean: ## forget everything that was installed or cached
	rm -rf $(VENV) .cache tests/clients/node_modules examples/nextjs/node_modules examples/astro/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP):
	@echo "Installing Python packages into $(VENV) …"
	@python=$$(.ci/python) && rm -rf $(VENV) && "$$python" -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(MUTANTS_STAMP): $(STAMP)
	@echo "Installing the mutation tester into $(MUTANTS) …"
	@rm -rf $(MUTANTS) && UV_PROJECT_ENVIRONMENT=$(MUTANTS)/venv $(UV) sync --locked --group mutants
	@touch $@

$(CLIENTS_STAMP):
	@echo "Installing the official JavaScript clients …"
	@if $(NPM) ci --prefix tests/clients; then touch $@; fi

$(NEXTJS_STAMP):
	@echo "Installing Next.js for the example …"
	@if $(NPM) ci --prefix examples/nextjs --ignore-scripts; then touch $@; fi

$(ASTRO_STAMP):
	@echo "Installing Astro for the example …"
	@if $(NPM) ci --prefix examples/astro --ignore-scripts; then touch $@; fi

# By its lock as well; but "npm ci" refuses one without the binaries for other machines, which not every registry has.
$(VERCEL_STAMP):
	@echo "Installing the Vercel CLI into $(VERCEL) …"
	@mkdir -p $(VERCEL) && cp tests/runtime/package.json tests/runtime/package-lock.json $(VERCEL)
	@if $(NPM) install --prefix $(VERCEL) --omit=optional --ignore-scripts; then touch $@; fi
