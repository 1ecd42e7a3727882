# `make test` checks everything from a bare clone; `make demo` shows it. See CONTRIBUTING.md.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := $(CURDIR)/.venv
export PATH := $(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONPATH :=

LAB := codesyncx_server/labextension
NATIVE := $(wildcard media/native/pyproject.toml media/native/src/*)
SOURCES := $(shell find labextension -type f -not -name '*.test.ts') package.json tsconfig.json

.PHONY: help
help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

.PHONY: demo
demo: .make/develop $(if $(SCREENSHOT),.make/chromium .make/fonts) ## Start a sample project for two people (SCREENSHOT=file: take a picture)
	@mkdir -p .demo
	python binder/demo.py $(if $(SCREENSHOT),--screenshot "$(SCREENSHOT)") $(if $(PORT),--port $(PORT))

.PHONY: test
test: ## Check everything: lint, build, install, tests with real servers and browsers, docs
	@start=$$SECONDS; for stage in setup lint build unit installed integration e2e docs; do \
	  begin=$$SECONDS; echo "== $$stage"; $(MAKE) --no-print-directory $$stage; \
	  echo "== $$stage: $$((SECONDS - begin)) s"; \
	done; echo "== all: $$((SECONDS - start)) s"

.PHONY: setup
setup: .make/bubblewrap .make/chromium .make/docker .make/fonts .make/hub .make/ipykernel .make/networks .make/postgresql .make/redis .make/develop .make/native ## Set up the development environment in .venv

.PHONY: lint
lint: .make/develop ## Check style, types and the direction of imports
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	jlpm lint
	tests/support/check-lock-files

.PHONY: build
build: .make/develop ## Build sdist and wheel into dist/
	rm -rf dist
	jlpm clean
	jlpm build:prod
	python -m build --no-isolation --outdir dist

.PHONY: unit
unit: .make/develop .make/native ## Test the pure parts
	pytest tests/unit
	jlpm test

.PHONY: fuzz
fuzz: .make/develop .make/native ## Send damaged packets, descriptions and messages to the parsers for FUZZ_SECONDS (600)
	tests/support/fuzz $(or $(FUZZ_SECONDS),600)

.PHONY: installed
installed: ## Install the wheel where there is no Node and look what is switched on
	tests/support/check-installed dist/codesyncx-*.whl

.PHONY: integration
integration: .make/bubblewrap .make/develop .make/native .make/docker .make/hub .make/ipykernel .make/postgresql .make/redis ## Test against real Jupyter servers
	pytest tests/integration

.PHONY: e2e
e2e: .make/bubblewrap .make/develop .make/native .make/chromium .make/fonts .make/hub .make/ipykernel .make/networks ## Test with real browsers
	pytest tests/e2e

.PHONY: docs
docs: .make/docs ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build --strict --quiet

.PHONY: clean
clean: ## Remove everything that was made, the environments too
	rm -rf $(VENV) $(VENV)-docs .make .demo dist site node_modules lib $(LAB)

.make/venv: pyproject.toml
	@mkdir -p .make
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "CodeSyncX needs Python 3.11 or newer (make PYTHON=python3.12)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || tests/support/install-debian python3-venv
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --upgrade 'pip>=25.1'
	python -m pip install --quiet --group dev \
	  $$(python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"])')
	@touch $@

.PHONY: always
always:

.make/node: .make/venv package.json yarn.lock $(if $(wildcard node_modules/.yarn-state.yml),,always)
	@command -v node >/dev/null || { echo "CodeSyncX is built with Node 20 or newer" >&2; exit 1; }
	jlpm install --immutable
	@touch $@

.make/develop: .make/node $(SOURCES)
	jlpm build:prod
	python -m pip install --quiet --no-build-isolation --no-deps --editable .
	jupyter-builder develop . --overwrite
	@touch $@

# The optional C path of calls: people may do without it, the tests compare both.
.make/native: .make/venv $(NATIVE)
	@command -v cc >/dev/null \
	  && python -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null \
	  || tests/support/install-debian gcc libc6-dev python3-dev
	CFLAGS=-Werror python -m pip install --quiet --no-build-isolation --no-deps \
	  --force-reinstall ./media/native
	@touch $@

.make/bubblewrap:
	@mkdir -p .make
	@command -v bwrap >/dev/null || tests/support/install-debian bubblewrap libseccomp2
	@touch $@

# The daemon isn't started here, but by the tests, in a network of its own. What is on this machine
# may be Docker's own packages, with which Debian's can't be installed.
.make/docker: $(wildcard spawner/images/*)
	@mkdir -p .make
	@(for each in dockerd docker mmdebstrap ip; do command -v $$each >/dev/null || exit; done) \
	  || tests/support/install-debian $$(command -v dockerd >/dev/null || echo docker.io) \
	    debian-archive-keyring iproute2 mmdebstrap
	@command -v runsc >/dev/null || tests/support/install-debian runsc \
	  || echo "Without gVisor: this distribution has no package runsc"
	$$([ "$$(id -u)" = 0 ] || echo sudo) spawner/images/make-base .make/sandbox-image.tar
	@touch $@

.make/ipykernel:
	@mkdir -p .make
	@/usr/bin/python3 -c 'import ipykernel' 2>/dev/null || tests/support/install-debian python3-ipykernel
	@touch $@

.make/chromium:
	@mkdir -p .make
	@command -v chromium >/dev/null || tests/support/install-debian chromium fonts-dejavu
	@touch $@

.make/fonts:
	@mkdir -p .make
	@ls /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf >/dev/null 2>&1 \
	  || tests/support/install-debian fonts-noto-color-emoji
	@touch $@

# JupyterHub's proxy and an identity provider, for the tests of the Hub.
.make/hub: tests/support/hub/package-lock.json
	@mkdir -p .make/hub-packages
	cp tests/support/hub/package.json tests/support/hub/package-lock.json tests/support/hub/.npmrc .make/hub-packages
	cd .make/hub-packages && npm ci --no-audit --no-fund
	@touch $@

.make/networks:
	@mkdir -p .make
	@(for each in ip nft turnserver nsenter; do command -v $$each >/dev/null || exit; done) \
	  || tests/support/install-debian coturn iproute2 nftables util-linux
	@touch $@

.make/postgresql:
	@mkdir -p .make
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
	  || tests/support/install-debian postgresql
	@touch $@

# Not started here, but by the tests, with a folder and a socket of its own.
.make/redis:
	@mkdir -p .make
	@command -v redis-server >/dev/null || tests/support/install-debian redis-server
	@touch $@

.make/docs: pyproject.toml
	@mkdir -p .make
	test -x $(VENV)-docs/bin/python || $(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(VENV)-docs/bin/python -m pip install --quiet --group docs
	@touch $@
