# make demo   the main job on real data, in a simulator        make check   all that CI does
# make help   the rest

VENV := .venv
SUITS := import sys, venv; sys.exit(not (3, 10) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for p in python3.12 python3.11 python3.10 python3; do \
    $$p -c '$(SUITS)' 2>/dev/null && echo $$p && break; done)
BIN := $(VENV)/bin
C_FILES := $(shell find firmware codegen targets tests -name golden -prune -o \( -name '*.[ch]' -o -name '*.inc' \) -print)
DEBIAN := gcc clang-19 lld-19 gcc-riscv64-unknown-elf qemu-system-misc

.DEFAULT_GOAL := help
.PHONY: help demo check format debian cases judges peft slow clean

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/sim ## Install, then compile, run and check the demonstration on Spike
	$(BIN)/odl demo

check: $(VENV)/test debian ## Install, then format, lint, types, layers and tests, as CI does
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile

slow: $(VENV)/test debian .judges/peft ## The long fuzzing and sweeps
	$(BIN)/pytest -n 2 --dist loadfile --slow

cases: $(VENV)/test ## List the ONNX node cases that the tests run
	@$(BIN)/pytest -q --collect-only tests/conformance | grep ::

peft: .judges/peft ## What Hugging Face PEFT says of adapters, into tests/golden/peft, as the tests want it
	.judges/peft/bin/python -m tests.adapt.peft.judge tests/golden/peft

judges: $(VENV)/test .judges/ort_training .judges/graph_grad ## Gradients against those of other makers
	$(BIN)/python -m tests.train.judges .judges

format: $(VENV)/test ## Format all sources
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(C_FILES)

clean: ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# A file in the environment says which extra is installed, and for which pyproject.toml.
$(VENV)/sim $(VENV)/test: pyproject.toml
	@test -n "$(PYTHON)" || { echo "odl needs Python 3.10, 3.11 or 3.12; none was found" >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
	    { echo "run: sudo apt-get install -y python3-venv" >&2; exit 2; }
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[$(@F)]'
	@touch $@

# Each judge has an environment of its own, for their pins contradict ours; PEFT's takes 1.2 GB.
.judges/ort_training: PINS := onnxruntime-training-cpu==1.19.2 onnx==1.17.0
.judges/graph_grad: PINS := onnxsim==0.8.1
.judges/peft: PINS := torch==2.13.0 peft==0.21.2
.judges/%:
	python3.11 -m venv $@ && $@/bin/pip install --quiet $(PINS) || { rm -rf $@; exit 2; }

# What no wheel brings: host sanitizers, two more cross compilers, QEMU.
debian:
	@sh tests/debian.sh $(DEBIAN)
