# make demo    the local stack and one sync, with no account
# make test    everything that can be checked on this machine
.PHONY: demo test lint clean

VENV := .venv
STAMP := $(VENV)/.made-from-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d ' ' -f 1)
CLIENTS := tests/clients/node_modules/.made-from-$(shell cat tests/clients/package.json | cksum | cut -d ' ' -f 1)

demo: $(STAMP)
	@$(VENV)/bin/python -m dev $(ARGS)

test: lint $(if $(shell command -v npm),$(CLIENTS))
	@$(VENV)/bin/python -m pytest $(ARGS)

lint: $(STAMP)
	@$(VENV)/bin/ruff format --check -q .
	@$(VENV)/bin/ruff check -q .
	@$(VENV)/bin/mypy --no-error-summary

$(STAMP): requirements.txt requirements-dev.txt
	@python=$$(.ci/python) && rm -rf $(VENV) && "$$python" -m venv $(VENV)
	@$(VENV)/bin/pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(CLIENTS): tests/clients/package.json
	@cd tests/clients && npm install --no-audit --no-fund --silent
	@touch $@

clean:
	rm -rf $(VENV) .cache tests/clients/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
