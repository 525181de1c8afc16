# Every target sets up what it needs. On a fresh machine: `make demo` or `make test`, as root.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Long ones first, so that none is left over at the end.
LINTS := lint-ansible lint-types lint-types-portal lint-web lint-yaml lint-python
.PHONY: help setup prerequisites demo test test-steps lint $(LINTS) unit portal web bundle lab changes shapes kernel live dry-run molecule e2e site breakers kills real bench docs golden lock clean
MAKEFLAGS += --no-builtin-rules --no-print-directory

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export UV_SYSTEM_CERTS := 1
# Hundreds of Python programs start here; each takes two to three times as long when it must parse itself first.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv/.locked
WEB := web/node_modules/.locked
# mypy compares contents, so what another clone left there is of use; each configuration keeps its own.
MYPY_CACHE = $${XDG_CACHE_HOME:-$$HOME/.cache}/conclave/mypy

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV) $(WEB) ## Make .venv and web/node_modules/ from the locks

$(VENV): requirements/dev.txt pyproject.toml tools/setup tools/find-python tools/uv_settings.py
	tools/setup
	@touch $@

$(WEB): $(VENV) web/package-lock.json tools/web_packages.py
	python tools/web_packages.py
	@touch $@

prerequisites: ## Install what this machine lacks, where Debian has it new enough
	@tools/prerequisites

demo: prerequisites setup ## Build the bundle, boot the lab, deploy, verify, hold an encrypted call
	conclave demo

test: ## Everything: lint, unit, lab, molecule, browser; ends with the time of each step
	@rm -f build/steps.tsv build/unsteady.txt
	@status=0; $(MAKE) test-steps || status=$$?; printf '\n'; tools/step --report; exit $$status

test-steps:
	@tools/step prerequisites $(MAKE) prerequisites
	@tools/step setup $(MAKE) setup
	@tools/step bundle $(MAKE) bundle
	@# A red one does not hide what the others find. The browsers go to the site that Molecule has just deployed and
	@# verified; what an interrupted run has left of it goes first.
	@red=0; \
	  for name in lint unit web portal live kernel lab molecule-onebox molecule-cluster; do \
	    tools/step $$name $(MAKE) $$name || red=1; \
	  done; \
	  trap 'molecule destroy --scenario-name site >/dev/null' EXIT; \
	  molecule destroy --scenario-name site >/dev/null; \
	  if tools/step molecule-site molecule test --scenario-name site --destroy=never; then \
	    for name in e2e site; do \
	      CONCLAVE_SITE_LAB=molecule-site tools/step $$name $(MAKE) $$name || red=1; \
	    done; \
	  else \
	    red=1; \
	  fi; \
	  exit $$red

lint: setup ## ruff, mypy, yamllint, ansible-lint, biome, tsc; says everything at once
	@$(MAKE) --keep-going --jobs 2 --output-sync=target $(LINTS)

lint-python:
	ruff check .
	ruff format --check .

lint-types:
	MYPY_CACHE_DIR="$(MYPY_CACHE)/conclave" mypy

lint-types-portal:
	CONCLAVE_PORTAL_CONFIG=tools/portal-types.toml PYTHONPATH=portal MYPY_CACHE_DIR="$(MYPY_CACHE)/portal" \
	  mypy --config-file portal/mypy.ini

lint-yaml:
	yamllint --strict .

lint-ansible:
	ansible-lint --offline --nocolor

lint-web:
	npm --prefix web run lint
	npm --prefix web run typecheck

unit: bundle ## Tests without a lab: pure logic, and rendered files through the real checkers, the SFU's own among them
	@# A short folder: the address of a socket has at most 108 characters, and gpg makes one.
	folder=$$(mktemp -d /tmp/cu.XXXX); trap 'rm -rf "$$folder"' EXIT; \
	  pytest tests/unit tests/render --numprocesses 2 --dist loadfile --no-loadscope-reorder --basetemp="$$folder/t"

web: setup ## Tests of the browser client's parts
	npm --prefix web test

portal: setup ## Tests of the portal on a database and a cache of their own
	cd portal && pytest

bundle: prerequisites setup ## The signed bundle in build/bundle; builds only what changed
	[ -f "$${XDG_CONFIG_HOME:-$$HOME/.config}/conclave/keys/root.json" ] || conclave bundle keys new
	conclave bundle build

live: bundle ## The portal with Keycloak and LiveKit out of the bundle, and the client at an SFU that lies
	@status=0; \
	  (cd portal && ../tools/steady tests/live) || status=$$?; \
	  tools/steady tests/live || status=$$?; \
	  exit $$status

lab: bundle ## Tests of the lab, and on it
	@# Most of it is waiting. What measures real time has the machine to itself afterwards.
	@status=0; \
	  tools/steady tests/lab -m "not timing" --numprocesses 2 || status=$$?; \
	  tools/steady tests/lab -m timing || status=$$?; \
	  exit $$status

changes: bundle ## Every change of a running site, one after the other; not part of test
	pytest tests/change

shapes: bundle ## Sites of shapes that no Molecule scenario has, such as IPv6 only; not part of test
	pytest tests/shapes

kernel: bundle ## Tests on a host with a kernel of its own, AppArmor in force
	tools/steady tests/kernel

real: bundle ## A deployment on a host that qemu emulates: kernel, rules and boots of its own; slow, so by hand
	pytest --verbose --capture=no tests/real

dry-run: bundle ## What `deploy --check` foretells against what a run then does; molecule-onebox has it too
	pytest tests/dry_run

molecule: molecule-site molecule-onebox molecule-cluster ## Whole sites on the lab: several hosts, one host, several in a role

molecule-%: bundle
	molecule test --scenario-name $*

e2e: bundle ## Browsers at a deployed site
	tools/at-site tests/e2e

site: bundle ## Network, breakers, repairs, modes and proofs at a deployed site
	@# What sabotages the site comes last.
	tools/at-site tests/site/qos tests/site/rehearsal tests/site/tls tests/site/signalling tests/site/firewall tests/site/breakers tests/site/repair tests/site/crisis tests/site/evidence

breakers: bundle ## Every check red once, each breaker by itself; not part of `make test`, for it takes half an hour
	tools/at-site tests/site/breakers/every.py

kills: bundle ## Services killed and hosts rebooted in a call, one after the other, and a power cut; not part of `make test`, for it takes minutes
	tools/at-site tests/site/kills

bench: bundle ## The measures of docs/performance.md
	bench/run

docs: setup ## Write docs/reference and the roles' READMEs anew
	conclave docs build
	python tools/role_readmes.py

golden: setup ## Write the reviewed rule sets anew, after a wanted change of flows or hosts; then read git diff
	CONCLAVE_GOLDEN=write pytest -q tests/render/test_firewall.py tests/render/test_cut.py tests/render/test_network_rules.py
	git status --short tests/render/golden

lock: $(VENV) ## Lock newer packages within the bounds of pyproject.toml and portal/requirements.in
	@eval "$$(python tools/uv_settings.py)"; \
	  compile() { uv pip compile --quiet --python-version "$$1" --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-annotate --no-header "$${@:2}"; }; \
	  compile 3.12 --upgrade pyproject.toml --group dev -o requirements/dev.txt; \
	  compile 3.12 pyproject.toml --constraint requirements/dev.txt -o requirements/control.txt; \
	  compile 3.13 portal/requirements.in --constraint requirements/dev.txt -o requirements/portal.txt

clean: ## End the project's labs; remove what was built and set up
	for name in lab onebox changes ipv6-only molecule-site molecule-onebox molecule-cluster at-site; do \
	  [ ! -x .venv/bin/conclave ] || conclave lab down --name "$$name"; done
	rm -rf build inventories/changes inventories/ipv6-only web/node_modules web/dist .venv .mypy_cache .pytest_cache .ruff_cache .ansible
