# minipose. One command is the first and the only one: each target sets up what it needs.
# Variables: DATA= OUT= EPOCHS= DEVICE= ARGS= PYTHON= FULL= MODEL= N= SEED=

DEVICE ?= cpu
SEED ?= 0
VENV := .venv
PY := $(VENV)/bin/python
RUN := PYTHONUNBUFFERED=1 $(PY) -m
MINIPOSE := $(RUN) minipose

ifneq ($(DATA),)
ifeq ($(wildcard $(DATA)),)
$(error DATA=$(DATA): no such file or folder)
endif
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup test lint format train-h36m ablate-h36m gradcheck mutants bench doctor clean \
  lessons lesson book train-unet compare-unet compare-hnet

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables: DATA= OUT= MODEL= EPOCHS= DEVICE=cpu|cuda|auto SEED= FULL=1 ARGS= PYTHON="

# --- Set-up -------------------------------------------------------------------------------------
# A stamp per set of packages; touched last, so that an interrupted set-up starts again.

$(PY):
	@set -e; found=; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    found=$$candidate; break; fi; done; \
	if [ -z "$$found" ]; then \
	  echo "minipose needs Python 3.11 or newer: install it, or name it: make PYTHON=/path" >&2; \
	  exit 1; fi; \
	trap 'rm -rf $(VENV)' INT TERM; rm -rf $(VENV); \
	echo "Setting up $(VENV) with $$found"; \
	$$found -m venv $(VENV) >/dev/null 2>&1 \
	|| { rm -rf $(VENV); $$found -m venv --without-pip $(VENV) >/dev/null 2>&1 \
	     && $$found -m pip --python $(PY) install -q pip >/dev/null 2>&1; } \
	|| { rm -rf $(VENV); uv venv -q --seed --python "$$found" $(VENV) 2>/dev/null; } \
	|| { rm -rf $(VENV); \
	     echo "cannot make a virtual environment: install python3-venv (or pip, or uv)" >&2; \
	     exit 1; }

define install
	@echo "Installing packages ($(1))"
	@$(PY) -m pip install -q --disable-pip-version-check -e '.[$(1)]' \
	  || { echo "set-up failed: see pip's message above; then run make again" >&2; exit 1; }
	@touch $@
endef

$(VENV)/.installed-run: pyproject.toml | $(PY)
	$(call install,h36m)

$(VENV)/.installed-dev: pyproject.toml | $(PY)
	$(call install,dev$(comma)h36m)
	@touch $(VENV)/.installed-run

$(VENV)/.installed-bench: pyproject.toml | $(PY)
	$(call install,bench$(comma)h36m)

$(VENV)/.installed-gpu: pyproject.toml | $(PY)
	@$(PY) -c 'import cupy' 2>/dev/null || $(PY) -m pip install -q --disable-pip-version-check \
	  -e '.[gpu]' || { echo "set-up failed: see pip's message above" >&2; exit 1; }
	@touch $@

ifeq ($(DEVICE),cuda)
$(VENV)/.installed-run $(VENV)/.installed-dev: | $(VENV)/.installed-gpu
endif

$(VENV)/.installed-book: pyproject.toml | $(PY)
	$(call install,book$(comma)h36m)

comma := ,

setup: $(VENV)/.installed-run  ## set up the virtual environment only

# --- Checks -------------------------------------------------------------------------------------

test: lint  ## lint, then run the tests (DEVICE=cuda: on CuPy)
	$(RUN) pytest -n 2 --device $(DEVICE) $(ARGS)

lint: $(VENV)/.installed-dev
	@$(RUN) ruff check .
	@$(RUN) ruff format --check -q .

format: $(VENV)/.installed-dev  ## format the code and mend what the linter can
	@$(RUN) ruff check -q --fix . ; $(RUN) ruff format -q .

gradcheck: $(VENV)/.installed-dev  ## one table: the worst error of every op's derivative
	$(RUN) tests.gradcheck_table $(ARGS)

mutants: $(VENV)/.installed-dev  ## alter every derivative in turn; the tests must notice
	$(RUN) tests.mutants $(ARGS)

bench: $(VENV)/.installed-bench  ## minipose against PyTorch, step by step
	$(RUN) tests.bench --device $(DEVICE) $(ARGS)

# --- 3D pose (report 1) -------------------------------------------------------------------------
# DATA= names a Human3.6M folder or a finished store (.h5); without it, the synthetic twin.

ifdef FULL
H36M_NAME := h36m-full
H36M_TWIN := --frames 600 --step 5
H36M_RECIPE := full
else
H36M_NAME := h36m-quick
H36M_TWIN := --frames 220 --step 7
H36M_RECIPE := quick
endif

ifeq ($(DATA),)
H36M_RAW := data/$(H36M_NAME)/.written
H36M_STORE := data/$(H36M_NAME).h5
else ifeq ($(suffix $(DATA)),.h5)
H36M_STORE := $(DATA)
else
H36M_RAW := $(DATA)
H36M_STORE := data/$(notdir $(patsubst %/,%,$(DATA))).h5
endif
H36M_OUT := $(or $(OUT),runs/$(H36M_NAME))

data/$(H36M_NAME)/.written: | $(VENV)/.installed-run
	$(RUN) data_tools.twin h36m --out $(dir $@) $(H36M_TWIN) --seed $(SEED)
	@touch $@

ifneq ($(suffix $(DATA)),.h5)
$(H36M_STORE): $(H36M_RAW) | $(VENV)/.installed-run
	$(RUN) data_tools.h36m $(or $(DATA),$(dir $(H36M_RAW))) --out $@
endif

train-h36m: $(VENV)/.installed-run $(H36M_STORE)  ## 3D pose: data, detection, regression, report
	$(MINIPOSE) train h36m --data $(H36M_STORE) --out $(H36M_OUT) --recipe $(H36M_RECIPE) \
	  --device $(DEVICE) --seed $(SEED) $(if $(EPOCHS),--epochs $(EPOCHS)) $(ARGS)

ablate-h36m: $(VENV)/.installed-run $(H36M_STORE)  ## what helped: pre-training, momentum, decay, ...
	$(MINIPOSE) train h36m --ablate --data $(H36M_STORE) --out $(or $(OUT),runs/h36m-ablation) \
	  --limit 4400 --detection-epochs 2 --epochs $(or $(EPOCHS),6) \
	  --device $(DEVICE) --seed $(SEED) $(ARGS)

# --- Masks and joints (report 2) ----------------------------------------------------------------
# DATA= names a folder of pictures with joints and masks, or a finished store (.h5); without it, the
# synthetic twin. MODEL= is one of the five, or hnet.

MODEL ?= mask+softmax
ifdef FULL
PEOPLE_NAME := people-full
PEOPLE_TWIN := --count 6200
PEOPLE_RECIPE := full
else
PEOPLE_NAME := people-quick
PEOPLE_TWIN := --count 2400
PEOPLE_RECIPE := quick
endif

ifeq ($(DATA),)
PEOPLE_RAW := data/$(PEOPLE_NAME)/.written
PEOPLE_STORE := data/$(PEOPLE_NAME).h5
else ifeq ($(suffix $(DATA)),.h5)
PEOPLE_STORE := $(DATA)
else
PEOPLE_RAW := $(DATA)
PEOPLE_STORE := data/$(notdir $(patsubst %/,%,$(DATA)))-people.h5
endif
PEOPLE_OUT := $(or $(OUT),runs/$(PEOPLE_NAME)-$(subst +,-,$(MODEL)))
PEOPLE_FLAGS = --device $(DEVICE) --seed $(SEED) $(if $(EPOCHS),--epochs $(EPOCHS)) $(ARGS)

data/$(PEOPLE_NAME)/.written: | $(VENV)/.installed-run
	$(RUN) data_tools.twin people --out $(dir $@) $(PEOPLE_TWIN) --seed $(SEED)
	@touch $@

ifneq ($(suffix $(DATA)),.h5)
$(PEOPLE_STORE): $(PEOPLE_RAW) | $(VENV)/.installed-run
	$(RUN) data_tools.people $(or $(DATA),$(dir $(PEOPLE_RAW))) --out $@
endif

train-unet: $(VENV)/.installed-run $(PEOPLE_STORE)  ## mask and joints of a person: data, training, report
	$(MINIPOSE) train people --data $(PEOPLE_STORE) --out $(PEOPLE_OUT) --model $(MODEL) \
	  --recipe $(PEOPLE_RECIPE) $(PEOPLE_FLAGS)

compare-unet: $(VENV)/.installed-run $(PEOPLE_STORE)  ## report 2's five models at one budget, beside its table II
	$(MINIPOSE) train people --compare models --data $(PEOPLE_STORE) --recipe compare --limit 1000 \
	  --out $(or $(OUT),runs/people-models) $(PEOPLE_FLAGS)

compare-hnet: $(VENV)/.installed-run $(PEOPLE_STORE)  ## U-Nets and H-Net at one budget, turned pictures too, beside table I
	$(MINIPOSE) train people --compare networks --data $(PEOPLE_STORE) --recipe compare --limit 1000 \
	  --out $(or $(OUT),runs/people-networks) $(PEOPLE_FLAGS)

# --- Lessons ------------------------------------------------------------------------------------

lessons: $(VENV)/.installed-run  ## run all lessons: seconds, asserts and figures of each
	@$(RUN) lessons $(ARGS)

lesson: $(VENV)/.installed-run  ## run one lesson: N=07 (ANSWERS=1 shows the answer at its end)
	@$(RUN) lessons $(or $(N),1) $(if $(ANSWERS),--answers) $(ARGS)

book: $(VENV)/.installed-book  ## run the lessons and lay them out as pages: build/book/index.html
	@$(RUN) sphinx -q -E -b html -c lessons/book lessons build/book
	@echo "Open build/book/index.html in a browser"

doctor: $(VENV)/.installed-run  ## versions, devices and data that minipose finds here
	@$(MINIPOSE) doctor

clean:  ## remove caches (data/, runs/ and the environment stay)
	rm -rf build .pytest_cache .ruff_cache .hypothesis minipose.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
