# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything runs in .venv, which the first target that needs it makes. `make help` lists the lines `target: ## text`.

.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest
# pyenv's shims answer to names of versions that are not selected: ansible-test and nox must find the real ones first.
INTERPRETERS := $(subst : ,:,$(addsuffix :,$(wildcard $(HOME)/.pyenv/versions/*/bin)))

# Those of dialog/: measuring costs time, and no other room counts.
DIALOG_TESTS := $(foreach what,authentication commands conversation extensions extra message plan probes recorded \
    rehearsal replies sasl talk,$(wildcard tests/core/test_$(what)*.py))

.PHONY: help venv demo test coverage test-core test-unit test-integration soak bench soak-engine test-packaging test-sanity test-report-browser bench-dns bench-ssh fuzz lint matrix clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

venv: .venv/made ## the virtual environment in .venv, made anew when pyproject.toml changed

demo: venv ## a mail site with a fault, a jump host and a check of both, all on this machine
	@$(PYTHON) demo/run.py

# What is left waits for servers, or for a processor: side by side they take as long as the longer one.
test: test-core test-unit test-packaging ## all tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-integration test-sanity

test-core: venv coverage ## the core alone, without Ansible and Nornir
	$(PYTEST) tests/core tests/fuzz $(addprefix --ignore=,$(DIALOG_TESTS))

coverage: venv ## the conversation alone, of which no branch may be left out
	@mkdir -p .cache
	$(PYTHON) -m coverage run -m pytest $(DIALOG_TESTS)
	$(PYTHON) -m coverage report

test-unit: venv ## the Ansible module and the Nornir task
	$(PYTEST) tests/unit tests/nornir

test-integration: venv ## both, against real servers in network namespaces
	$(PYTEST) tests/lab tests/integration

soak: venv ## twenty runs without a change, which must give twenty empty comparisons
	MAILOPS_REPEATS=20 $(PYTEST) tests/integration/test_changes.py -k nothing_changed

bench: venv ## what a dialog costs here and with others, side by side; writes docs/performance.json and .svg
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(PYTHON) -m tests.bench --write

soak-engine: venv ## a hundred thousand dialogs in one process, misbehaving servers among them
	$(PYTHON) -m tests.bench.soak

test-packaging: venv ## what the collection and the wheel contain
	$(PYTEST) tests/packaging

test-sanity: venv ## ansible-test sanity
	PATH="$(INTERPRETERS)$$PATH" $(PYTHON) -m tests.sanity

test-report-browser: venv ## the HTML report in Chromium, which it gets along with axe-core where they are missing
	$(PYTHON) -m tests.browser
	CI=true $(PYTEST) tests/browser

fuzz: venv ## ten minutes of octets that no server should send, chosen by the lines of the core that they reach
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(PYTHON) tests/fuzz/fuzz_receive.py -max_total_time=600

bench-dns: venv ## a thousand domains looked up, beside dig in a loop and dnspython's resolver in threads
	$(PYTHON) -m tests.lab up
	PYTHONPATH=plugins/module_utils $(PYTHON) -m tests.lab run controller $(CURDIR)/$(PYTHON) tests/bench/mail_routes.py

bench-ssh: venv ## what dialogs cost that start at an SSH server, beside paramiko's channels alone, ssh -W and no SSH
	$(PYTHON) -m tests.bench.ssh

lint: venv ## ruff, mypy, ansible-lint and the changelog's fragments
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	PATH="$(CURDIR)/.venv/bin:$$PATH" ansible-lint
	.venv/bin/antsibull-changelog lint

matrix: venv ## the tests on each supported ansible-core and on the oldest and newest target Python
	PATH="$(INTERPRETERS)$$PATH" .venv/bin/nox

clean: ## remove what these targets made
	rm -rf .venv .nox .ansible .cache .mypy_cache .pytest_cache .ruff_cache

# The first interpreter that can make a virtual environment: Debian's python3 without python3-venv cannot, neither can
# pyenv's shim for a version that is not selected.
.venv/made: pyproject.toml galaxy.yml
	@found=; for python in python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        found=$$python; break; \
	    fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "No Python 3.11 or newer with venv found: install one, on Debian with apt-get install python3-venv." >&2; \
	    exit 1; \
	fi; \
	echo "Making .venv: a minute or two, the first time." && $$found -m venv --clear .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@
