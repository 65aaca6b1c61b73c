# What a newcomer types. Every target may be interrupted and run again: it continues.
.POSIX:
.PHONY: up tools test test-all check down clean bench lock translations
GOVCLOUD = .venv/bin/govcloud
# Where the machine says so, as in many containers, each command and each of Pulumi's programs would compile all anew.
unexport PYTHONDONTWRITEBYTECODE

up: .venv/.ready
	$(GOVCLOUD) lab up
	$(GOVCLOUD) lab apply
	$(GOVCLOUD) lab where

tools: .venv/.ready
	.venv/bin/python -m toolchain.build

test: .venv/.ready
	.venv/bin/python -m pytest -m "not lab" --numprocesses 4 --dist loadfile --no-loadscope-reorder
	.venv/bin/python -m pytest -m lab

test-all: .venv/.ready
	GOVCLOUD_ALL=1 PYTEST_ADDOPTS="-p tests.resume" $(MAKE) test

bench: .venv/.ready
	.venv/bin/python -m tests.bench_inventory
	.venv/bin/python -m tests.bench_policy
	.venv/bin/python -m tests.bench_scale
	.venv/bin/python -m tests.bench_peer
	.venv/bin/python -m tests.bench

check: .venv/.ready
	.venv/bin/python -m tests.check

# The code may be newer than what is installed: a pull between start and stop.
down:
	[ ! -x $(GOVCLOUD) ] || { $(MAKE) -s .venv/.ready && $(GOVCLOUD) lab down; }

clean:
	[ ! -x $(GOVCLOUD) ] || { $(MAKE) -s .venv/.ready && $(GOVCLOUD) lab clean; }
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

translations:
	.venv/bin/python -m toolchain.translations

lock:
	.venv/bin/python -m toolchain.lock

.venv/.ready: requirements.txt pyproject.toml toolchain/bootstrap.py toolchain/uv.txt
	python3 -m toolchain.bootstrap
