# make demo    builds into .venv, finds out which server model suits an example app
# make test    everything, in order, one line a stage (.ci/stages); `make STAGE` runs one stage alone
# Variables: PYTHON (3.11 or later), SECONDS (of fuzzing).
PYTHON ?= python3
SECONDS ?= 4
# Three test files at a time, in every stage.
export PYTEST_ADDOPTS := --numprocesses 3 --dist loadfile
VENV := .venv
BIN := $(VENV)/bin
BUILD_INPUTS := setup.py pyproject.toml $(shell find src csrc \( -name build -prune \) -o \
	\( -name '*.py[xi]' -o -name '*.px[di]' -o -name '*.[ch]' \) -print)

.PHONY: demo test build lint types test-c test-neon test-python test-portable test-sanitized fuzz test-sdist \
	test-versions test-freethreaded clean

demo: build
	$(BIN)/fastnet compare --quick wsgi_app:app --app-dir examples --html build/comparison.html

test:
	.ci/prepare test
	$(MAKE) --no-print-directory $(VENV)/.test
	.ci/stages lint types test-c test-neon test-python test-portable test-sanitized fuzz test-sdist test-versions \
		test-freethreaded

build: $(VENV)/.built

# A virtual environment that can build; on a bare Debian the missing packages are named, or installed for root.
$(VENV)/.base: pyproject.toml
	.ci/prepare base
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check -U pip 'setuptools>=77' 'Cython>=3.2'
	touch $@

$(VENV)/.built: $(VENV)/.base $(BUILD_INPUTS)
	test -x $(BIN)/fastnet || $(BIN)/pip install -qq --no-build-isolation -e .
	$(BIN)/python setup.py -q build_ext --inplace
	touch $@

$(VENV)/.test: $(VENV)/.built pyproject.toml
	$(BIN)/pip install -qq --no-build-isolation -e '.[test,dev]'
	touch $@

lint: $(VENV)/.test
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy
	$(BIN)/basedpyright --level error --pythonpath $(BIN)/python
	$(BIN)/python -m mypy.stubtest --concise --ignore-disjoint-bases --allowlist .ci/stubtest-allowlist \
		fastnet.codecs fastnet.protocols fastnet.compat \
		fastnet.bench.engine fastnet.bench.histogram fastnet.servers.tracing

# The kernels by themselves, under AddressSanitizer and UndefinedBehaviorSanitizer.
test-c:
	$(MAKE) --no-print-directory -C csrc -j$$(nproc) test

# The same as an ARM program, emulated.
test-neon:
	$(MAKE) --no-print-directory -C csrc test-neon

test-python: $(VENV)/.test
	$(BIN)/python -m pytest -q

test-sanitized: $(VENV)/.test
	.ci/test-sanitized

# Without the native driver, as where there is no epoll.
test-portable: $(VENV)/.test
	.ci/test-portable

fuzz:
	$(MAKE) --no-print-directory -C csrc -j$$(nproc) fuzz-run SECONDS=$(SECONDS)

test-sdist: $(VENV)/.test
	.ci/test-sdist

test-versions: $(VENV)/.test
	.ci/test-versions

test-freethreaded: $(VENV)/.test
	.ci/test-freethreaded

clean:
	rm -rf build dist $(VENV)
	find src -name '*.so' -delete
	$(MAKE) -C csrc clean
