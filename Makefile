# `make demo` and `make test` work on a fresh machine; `make check` is for while you work.

.PHONY: demo test check bench fuzz docs lock clean
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
FUZZ := packet messages replies tally identity device
FUZZ_S := 30

# A gateway with a virtual printer, and a label printed as a web page would; ONCE=1 ends after the print.
demo: .venv/run.stamp
	$(BIN)/fanfold demo --data .demo $(if $(ONCE),--once)

# Everything, against real peers. TESTS=tests/unit runs a part.
test: .venv/dev.stamp
	tools/test-packages
	$(BIN)/python -m pytest $(TESTS)

# What must hold before each commit.
check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/house

# Speed and memory, as a table.
bench: .venv/dev.stamp
	$(BIN)/python -m bench

# Each reader of foreign bytes against what a fuzzer makes up; FUZZ_S=600 for longer, FUZZ=tally for one.
# What breaks one is left in build/fuzz.
fuzz: .venv/dev.stamp .venv/fuzz.stamp
	set -e; for target in $(FUZZ); do echo "== $$target"; \
		$(BIN)/python -m tests.fuzz $$target build/fuzz/$$target -max_total_time=$(FUZZ_S) -print_final_stats=1 -verbosity=0; done

# docs/settings.md and docs/cli.md.
docs: .venv/dev.stamp
	$(BIN)/python -m tools.pages

# Newer versions of what we stand on: `make lock UPGRADE=1`.
lock: .venv/dev.stamp
	$(PIP) uv
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra speed --extra serial --extra usb --group dev pyproject.toml requirements/build.in -o requirements/dev.lock
	$(COMPILE) -c requirements/dev.lock --extra speed pyproject.toml requirements/build.in -o requirements/run.lock
	$(COMPILE) -c requirements/dev.lock --group fuzz -o requirements/fuzz.lock

clean:
	rm -rf .venv .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	tools/python

.venv/%.stamp: requirements/%.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r $<
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@
