# minipose. Any target is the first and only command: it sets up what it needs.
# Variables: DATA= LABEL= MIN_JOINTS= OUT= RECIPE= EPOCHS= SEED= DEVICE= RANKS= FULL= MODEL= N= ARGS=
# PYTHON=

DEVICE ?= cpu
SEED ?= 0
MODEL ?= mask+softmax
VENV := .venv
OLDEST := .venv-oldest
LABELLER := .venv-label
RUN := PYTHONUNBUFFERED=1 $(VENV)/bin/python -m
MINIPOSE := $(RUN) minipose

# A value as one word for the shell, whatever it holds (a dollar is written $$); ~/ is still home.
quoted = $(subst '~/,~/','$(subst ','\'',$(1))')
RAW := $(if $(DATA),$(call quoted,$(DATA)))

ASKED := $(and $(RAW),$(filter train-% ablate-% compare-% sweep-%,$(MAKECMDGOALS)))

ifneq ($(ASKED),)
ifeq ($(shell [ -e $(RAW) ] && echo found),)
$(error DATA=$(DATA): no such file or folder)
endif
endif

ifneq ($(LABEL),)
ifeq ($(filter mediapipe openpose maskrcnn,$(LABEL)),)
$(error LABEL=$(LABEL): expected mediapipe, openpose or maskrcnn)
endif
ifneq ($(filter train-unet compare-% sweep-%,$(MAKECMDGOALS)),)
ifeq ($(RAW),)
$(error LABEL=$(LABEL): expected DATA= with a folder of photographs)
endif
endif
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help setup label-setup test test-plain test-oldest judges lint format gradcheck mutants cluster \
  house bench scaling check-torch \
  train-h36m ablate-h36m train-unet compare-unet compare-hnet sweep-weights lessons lesson book doctor clean changed

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile
	@echo "  Variables: DATA= MIN_JOINTS= OUT= RECIPE= EPOCHS= SEED= DEVICE=cpu|cuda|auto RANKS= FULL=1 MODEL= ARGS= PYTHON="
	@echo "             LABEL=mediapipe|openpose|maskrcnn for DATA=photographs that have no joints and masks"

# --- Set-up: a stamp for each set of packages -----------------------------------------------------

RUNTIME := jobs,h36m,video
SETUP = @PYTHON='$(PYTHON)' sh .ci/setup

$(VENV)/.installed-run: pyproject.toml
	$(SETUP) $(RUNTIME) $@

$(VENV)/.installed-dev: pyproject.toml
	$(SETUP) $(RUNTIME),dev $@
	@touch $(VENV)/.installed-run

$(VENV)/.installed-bench: pyproject.toml
	$(SETUP) $(RUNTIME),bench $@

$(VENV)/.installed-book: pyproject.toml
	$(SETUP) $(RUNTIME),book $@

$(VENV)/.installed-judges: pyproject.toml
	$(SETUP) $(RUNTIME),dev,judges,example $@

$(VENV)/.installed-gpu: pyproject.toml
	$(SETUP) gpu $@

$(VENV)/.installed-cluster: pyproject.toml
	$(SETUP) cluster $@

$(OLDEST)/.installed: pyproject.toml .ci/oldest.py
	$(SETUP) $(RUNTIME),dev $@ oldest

ifeq ($(DEVICE),cuda)
$(VENV)/.installed-run $(VENV)/.installed-dev $(VENV)/.installed-bench: | $(VENV)/.installed-gpu
endif

ifneq ($(RANKS),)
$(VENV)/.installed-run: | $(VENV)/.installed-cluster
endif

# MediaPipe asks for older packages than the rest, so it has an environment of its own.
$(LABELLER)/.installed: .ci/label.txt
	$(SETUP) label $@

setup: $(VENV)/.installed-run  ## set up the virtual environment only

label-setup: $(LABELLER)/.installed  ## set up MediaPipe, which labels photographs (LABEL=mediapipe)

# --- Checks ---------------------------------------------------------------------------------------

test: lint  ## lint, then run the tests (DEVICE=cuda: on CuPy)
	$(RUN) pytest -n 2 --device $(DEVICE) $(ARGS)

test-plain: $(VENV)/.installed-dev  ## the same in a copy without minipose/fast
	$(RUN) tests.plain -n 2 --device $(DEVICE) $(ARGS)

test-oldest: $(OLDEST)/.installed  ## the same with the oldest versions that pyproject.toml declares
	@$(OLDEST)/bin/python .ci/oldest.py --installed
	@$(OLDEST)/bin/python -m ruff check . && $(OLDEST)/bin/python -m ruff format --check -q .
	PYTHONUNBUFFERED=1 $(OLDEST)/bin/python -m pytest -n 2 --device $(DEVICE) $(ARGS)

judges: $(VENV)/.installed-judges  ## ask PyTorch, ONNX and scikit-learn: every sample of their tables
	$(RUN) pytest tests/oracles tests/test_your_own_network.py $(ARGS)

check-torch: $(VENV)/.installed-bench  ## training steps beside PyTorch: scores, loss, gradients, updates
	$(RUN) tests.oracles.step $(ARGS)

lint: $(VENV)/.installed-dev
	@$(RUN) ruff check .
	@$(RUN) ruff format --check -q .

format: $(VENV)/.installed-dev  ## format the code and fix what the linter can
	@$(RUN) ruff check -q --fix . ; $(RUN) ruff format -q .

gradcheck: $(VENV)/.installed-dev  ## one table: the worst error of every op's derivative
	$(RUN) tests.gradcheck_table $(ARGS)

mutants: $(VENV)/.installed-dev  ## alter every derivative in turn; the tests must notice
	$(RUN) tests.mutants $(ARGS)

cluster: $(VENV)/.installed-dev $(VENV)/.installed-cluster  ## processes that train together; 20 times one is killed
	MPI_KILLS=20 $(RUN) pytest tests/training/test_mpi.py $(ARGS)

house: $(VENV)/.installed-run  ## lines, files and imports of each floor, and what a step enters
	@$(RUN) tests.house

bench: $(VENV)/.installed-bench  ## minipose against PyTorch, step by step
	$(RUN) tests.bench --device $(DEVICE) --write docs/performance.md $(ARGS)

scaling: $(VENV)/.installed-run $(VENV)/.installed-cluster  ## two processes beside one, and a model of 64
	$(RUN) tests.bench.scaling --write docs/scaling.md $(ARGS)

# --- The two jobs ---------------------------------------------------------------------------------
# DATA= names a folder of raw data or a finished store (.h5); without it, a synthetic stand-in is
# drawn. What is drawn or imported is kept in data/ and used again; a store is named by what its folder
# holds, so another folder of that name, or a file that is new, makes another store.

SIZE := $(if $(FULL),full,quick)
FINISHED := $(if $(RAW),$(shell case $(RAW) in (*.h5) echo yes;; esac))
NAME := $(if $(ASKED),$(if $(FINISHED),finished,$(shell \
  $(if $(PYTHON),$(call quoted,$(PYTHON)),python3) data_tools/store_name.py $(RAW))))

# With LABEL=, joints and masks of photographs are found first; the labelled folder is kept too.
h36m_DATA := $(RAW)
people_DATA := $(if $(LABEL),data/$(NAME)-$(LABEL),$(RAW))
people_LABELS := $(if $(LABEL),$(people_DATA)/labels.json)

ifneq ($(and $(LABEL),$(NAME)),)
ifneq ($(FINISHED),)
$(error LABEL=$(LABEL): expected DATA= with photographs, not a finished store)
endif
$(people_LABELS): | $(VENV)/.installed-run $(if $(filter-out maskrcnn,$(LABEL)),$(LABELLER)/.installed)
	$(RUN) data_tools label $(RAW) --out $(people_DATA) --with $(LABEL)
endif

# $(call job,JOB,flags of its drawing,ending of an imported store's name) defines JOB_STORE and how
# data_tools makes it, and further flags.
define job
$(1)_STORE := $(if $(FINISHED),,data/$(if $(NAME),$(NAME)$(3),$(1)-$(SIZE)).h5)

data/$(1)-$(SIZE)/.written: | $(VENV)/.installed-run
	$(RUN) data_tools twin $(1) --out $$(dir $$@) $(2) --seed $(SEED)
	@touch $$@

ifeq ($(FINISHED),)
$$($(1)_STORE): $(if $(NAME),$($(1)_LABELS),data/$(1)-$(SIZE)/.written) | $(VENV)/.installed-run
	$(RUN) data_tools $(1) $$(or $$($(1)_DATA),data/$(1)-$(SIZE)) --out $$@ $(4)
endif
endef

$(eval $(call job,h36m,$(if $(FULL),--frames 600 --step 5,--frames 220 --step 7),,))
$(eval $(call job,people,--count $(if $(FULL),6200,2400),$(addprefix -,$(LABEL))-people$(addprefix -,$(MIN_JOINTS)),\
  $(if $(MIN_JOINTS),--min-joints $(MIN_JOINTS))))

# $(call ranks,NUMBER): what starts a program as so many processes that train together
ranks = $(if $(1),$(VENV)/bin/mpirun -n $(1) env )

# $(call train,JOB,name of the run's folder,recipe unless RECIPE= names one)
train = $(call ranks,$(RANKS))$(MINIPOSE) train $(1) --data $(or $($(1)_STORE),$(RAW)) \
  --out $(call quoted,$(or $(OUT),runs/$(2))) \
  $(if $(or $(RECIPE),$(3)),--recipe $(call quoted,$(or $(RECIPE),$(3)))) \
  --device $(DEVICE) --seed $(SEED) $(if $(EPOCHS),--epochs $(EPOCHS))

train-h36m: $(VENV)/.installed-run $(h36m_STORE)  ## 3D pose: data, detection, regression, report
	$(call train,h36m,h36m-$(SIZE),$(SIZE)) $(ARGS)

ablate-h36m: $(VENV)/.installed-run $(h36m_STORE)  ## what helped: pre-training, momentum, decay, ...
	$(call train,h36m,h36m-ablation) --ablate --limit 4400 --detection-epochs 2 \
	  $(if $(EPOCHS),,--epochs 6) $(ARGS)

train-unet: $(VENV)/.installed-run $(people_STORE)  ## mask and joints of a person (MODEL=triple, hnet, ...)
	$(call train,people,people-$(SIZE)-$(subst +,-,$(MODEL)),$(SIZE)) --model $(call quoted,$(MODEL)) $(ARGS)

compare-unet: $(VENV)/.installed-run $(people_STORE)  ## report 2's five models at one budget, beside its table II
	$(call train,people,people-models,compare) --compare models --limit 1000 $(ARGS)

compare-hnet: $(VENV)/.installed-run $(people_STORE)  ## U-Nets and H-Net on rotated pictures, beside table I
	$(call train,people,people-networks,compare) --compare networks --limit 1000 $(ARGS)

sweep-weights: $(VENV)/.installed-run $(people_STORE)  ## how much should joints count beside the mask?
	$(call train,people,people-weights,compare) --compare weights --limit 1000 $(ARGS)

# --- Lessons --------------------------------------------------------------------------------------

lessons: $(VENV)/.installed-run  ## run all lessons: seconds, asserts and pictures of each
	@$(RUN) lessons $(ARGS)

lesson: $(VENV)/.installed-run  ## run one lesson: N=07 (ANSWERS=1: with its answers)
	@$(RUN) lessons $(or $(N),1) $(if $(ANSWERS),--answers) $(ARGS)

book: $(VENV)/.installed-book  ## run the lessons and lay them out as pages: build/book/index.html
	@$(RUN) sphinx -q -E -b html -c lessons/book lessons build/book
	@echo "Open build/book/index.html in a browser"

doctor: $(VENV)/.installed-run  ## versions, devices and data that minipose finds here
	@$(MINIPOSE) doctor

clean:  ## remove caches (data/, runs/ and the environment stay)
	rm -rf build .pytest_cache .ruff_cache .hypothesis minipose.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
