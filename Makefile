# minipose. Any target is the first and only command: it sets up what it needs.
# Variables: those that `make help` names, and N= (lesson), KILLS= (torture), FILES= (fuzz).

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

ifneq ($(words $(SEED)),1)
$(error SEED=$(SEED): expected a whole number)
endif
ifneq ($(filter-out 0 1,$(words $(MIN_JOINTS))),)
$(error MIN_JOINTS=$(MIN_JOINTS): expected a whole number)
endif

ifneq ($(RANKS),)
ifneq ($(shell case $(call quoted,$(RANKS)) in (0*|*[!0-9]*) echo wrong;; esac),)
$(error RANKS=$(RANKS): expected a whole number from 1)
endif
ifneq ($(filter ablate-% films-% compare-% sweep-%,$(MAKECMDGOALS)),)
$(error RANKS=$(RANKS): processes share one training; a comparison is several: leave it out)
endif
endif

ASKED := $(and $(RAW),$(filter train-% ablate-% films-% compare-% sweep-%,$(MAKECMDGOALS)))

ifneq ($(ASKED),)
ifeq ($(shell [ -e $(RAW) ] && echo found),)
$(error DATA=$(DATA): no such file or folder)
endif
endif

ifneq ($(filter compare-starts,$(MAKECMDGOALS)),)
ifeq ($(if $(START),$(shell [ -f $(call quoted,$(START)) ] && echo found),$(findstring --start,$(ARGS))),)
$(error START=$(START): expected a CHECKPOINT (.npz), whose weights are compared with new ones)
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
.PHONY: help setup label-setup changed clean doctor
.PHONY: test tested test-plain test-oldest judges lint format gradcheck mutants torture fuzz wheel house
.PHONY: cluster bench tune scaling check-torch first-light device
.PHONY: train-unet compare-unet compare-hnet compare-starts sweep-weights weights
.PHONY: lessons lesson check book publish

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables: DATA= MIN_JOINTS= OUT= RECIPE= EPOCHS= SEED= DEVICE=cpu|cuda|auto RANKS= FULL=1 MODEL= START= CCP= ARGS= THREADS= PYTHON= VERSIONS=tested"
	@echo "             ACTIONS='Walking Eating' KERNELS='32 64 64' for 3D pose"
	@echo "             LABEL=mediapipe|openpose|maskrcnn for DATA=photographs that have no joints and masks"

# --- Set-up: a stamp for each set of packages -----------------------------------------------------

RUNTIME := jobs,h36m,video
SETUP = @PYTHON=$(call quoted,$(PYTHON)) VERSIONS=$(call quoted,$(VERSIONS)) sh .ci/setup

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

$(VENV)/.installed-supply: pyproject.toml
	$(SETUP) $(RUNTIME),dev,supply $@

$(VENV)/.installed-gpu: pyproject.toml
	$(SETUP) gpu $@

$(VENV)/.installed-cluster: pyproject.toml
	$(SETUP) cluster $@

$(OLDEST)/.installed: pyproject.toml .ci/oldest.py
	$(SETUP) $(RUNTIME),dev $@ oldest

# A GPU is tried before data is drawn; without a driver nothing is installed for it (.ci/setup).
ifeq ($(DEVICE),cuda)
$(VENV)/.installed-run $(VENV)/.installed-dev $(VENV)/.installed-bench: | $(VENV)/.installed-gpu
WORKING := device

device: $(VENV)/.installed-run
	@$(RUN) minipose.devices cuda
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
	$(RUN) pytest -n 2 --dist worksteal --device $(call quoted,$(DEVICE)) $(ARGS)

tested: test  ## note the versions with which all tests pass; make setup VERSIONS=tested installs them
	@{ echo "# Written by make tested: the newest versions with which all tests passed, on $$($(VENV)/bin/python -V)."; \
	  $(VENV)/bin/python -m pip freeze -q --all --exclude pip --exclude-editable; } > .ci/tested.txt

test-plain: $(VENV)/.installed-dev  ## the same in a copy without minipose/fast
	$(RUN) tests.plain -n 2 --dist worksteal --device $(call quoted,$(DEVICE)) $(ARGS)

test-oldest: $(OLDEST)/.installed  ## the same with the oldest versions that pyproject.toml declares
	@$(OLDEST)/bin/python .ci/oldest.py --installed
	@$(OLDEST)/bin/python -m ruff check . && $(OLDEST)/bin/python -m ruff format --check -q .
	PYTHONUNBUFFERED=1 $(OLDEST)/bin/python -m pytest -n 2 --dist worksteal --device $(call quoted,$(DEVICE)) $(ARGS)

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

torture: $(VENV)/.installed-dev  ## kill every program that writes, 200 times (KILLS=), and compare
	$(RUN) tests.torture --write $(if $(KILLS),--kills $(call quoted,$(KILLS))) $(ARGS)
	$(RUN) tests.torture.disks --write

fuzz: $(VENV)/.installed-dev  ## damaged files, 20,000 (FILES=), for every reader
	$(RUN) tests.fuzz --write $(if $(FILES),--files $(call quoted,$(FILES))) $(ARGS)

wheel: $(VENV)/.installed-supply  ## build it twice, use it in an empty environment, list and audit what it needs
	@$(RUN) tests.wheel $(ARGS)

mutants: $(VENV)/.installed-dev  ## alter every derivative in turn; the tests must notice
	$(RUN) tests.mutants $(ARGS)

cluster: $(VENV)/.installed-dev $(VENV)/.installed-cluster  ## processes that train together; 20 times one is killed
	MPI_KILLS=20 $(RUN) pytest tests/training/test_mpi.py $(ARGS)

house: $(VENV)/.installed-run  ## lines, files and imports of each floor, and what a step enters
	@$(RUN) tests.house

bench: $(VENV)/.installed-bench  ## minipose against PyTorch, step by step
	$(RUN) tests.bench --device $(call quoted,$(DEVICE)) $(if $(THREADS),--threads $(call quoted,$(THREADS)))\
	  --write docs/performance.md $(ARGS)

tune: $(VENV)/.installed-run  ## measure the sizes of tasks on this machine, keep them in your cache folder
	$(RUN) minipose.fast.tuning

first-light: $(VENV)/.installed-dev $(VENV)/.installed-bench  ## a GPU's first hour: run all of it there, write docs/gpu.md
	$(RUN) tests.first_light $(ARGS)

scaling: $(VENV)/.installed-run $(VENV)/.installed-cluster  ## two processes beside one, and a model of 64
	$(RUN) tests.bench.scaling --write docs/scaling.md $(ARGS)

# --- The two jobs ---------------------------------------------------------------------------------
# DATA= names a folder of raw data or a finished store (.h5); without it, a synthetic stand-in is
# drawn. What is drawn or imported is kept in data/ and used again; a store is named by what its folder
# holds, so another folder of that name, or a file that is new, makes another store. Two makes that
# draw or import wait for each other. A run that was begun goes on; one of another seed, recipe,
# kernels or actions has a folder of its own.

SIZE := $(if $(FULL),full,quick)
FINISHED := $(if $(RAW),$(shell case $(RAW) in (*.h5) echo yes;; esac))
SEEDED := $(if $(filter-out 0,$(SEED)),-seed-$(SEED))
# $(call tail,WORDS) is -these-words
tail = $(patsubst %,-%,$(subst $(empty) $(empty),-,$(strip $(1))))
CHOSEN := $(or $(patsubst recipe:%,%,$(lastword $(filter recipe:%,$(subst --recipe ,recipe:,$(subst \
  --recipe=,recipe:,$(ARGS)))))),$(RECIPE))
RAN := $(if $(subst $(SIZE),,$(CHOSEN)),$(if $(FULL),full-)$(CHOSEN),$(SIZE))
BASE_PYTHON = $(if $(PYTHON),$(call quoted,$(PYTHON)),python3)
ALONE = $(BASE_PYTHON) .ci/one_at_a_time.py data/.making.lock --unless $@ -- env PYTHONUNBUFFERED=1
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

# $(call job,JOB,flags of its drawing,ending of an imported store's name,flags of the import,ending of
# a drawing's name) defines JOB_STORE and how data_tools makes it.
define job
$(1)_STORE := $(if $(FINISHED),,data/$(if $(NAME),$(NAME)$(3),$(1)-$(SIZE)$(5)$(SEEDED)).h5)

data/$(1)-$(SIZE)$(5)$(SEEDED)/.written: | $(VENV)/.installed-run $(WORKING)
	$$(ALONE) sh -c '"$$$$@" && touch "$$$$0"' $$@ \
	  $(VENV)/bin/python -m data_tools twin $(1) --out $$(dir $$@) $(2) --seed $(SEED)

ifeq ($(FINISHED),)
$$($(1)_STORE): $(if $(NAME),$($(1)_LABELS),data/$(1)-$(SIZE)$(5)$(SEEDED)/.written) | $(VENV)/.installed-run
	$$(ALONE) $(VENV)/bin/python -m data_tools $(1) $$(or $$($(1)_DATA),data/$(1)-$(SIZE)$(5)$(SEEDED)) --out $$@ $(4)
endif
endef

$(eval $(call job,people,--count $(if $(FULL),12000,3500),$(addprefix -,$(LABEL))-people$(addprefix -,$(MIN_JOINTS)),\
  $(if $(MIN_JOINTS),--min-joints $(MIN_JOINTS))))

# $(call ranks,NUMBER): what starts a program as so many processes that train together
ranks = $(if $(1),$(VENV)/bin/mpirun -n $(1) env )

# $(call train,JOB,name of the run's folder,recipe unless RECIPE= names one)
train = $(call ranks,$(RANKS))$(MINIPOSE) train $(1) --data $(or $($(1)_STORE),$(RAW)) \
  --out $(call quoted,$(or $(OUT),runs/$(2)$(SEEDED))) \
  $(shell [ -e $(call quoted,$(or $(OUT),runs/$(2)$(SEEDED))/config.toml) ] && echo --resume) \
  $(if $(or $(CHOSEN),$(3)),--recipe $(call quoted,$(or $(CHOSEN),$(3)))) \
  --device $(call quoted,$(DEVICE)) --seed $(SEED) $(if $(EPOCHS),--epochs $(call quoted,$(EPOCHS)))

include .ci/pose3d.mk

train-unet: $(VENV)/.installed-run $(people_STORE)  ## mask and joints of a person (MODEL=triple, hnet, ...)
	$(call train,people,people-$(RAN)-$(subst +,-,$(MODEL)),$(SIZE)) --model $(call quoted,$(MODEL)) $(ARGS)

compare-unet: $(VENV)/.installed-run $(people_STORE)  ## report 2's five models, beside its table II
	$(call train,people,people-models,compare) --compare models --limit 1000 $(ARGS)

compare-hnet: $(VENV)/.installed-run $(people_STORE)  ## U-Nets and H-Net on rotated pictures, beside table I
	$(call train,people,people-networks,compare) --compare networks --limit 1000 $(ARGS)

compare-starts: $(VENV)/.installed-run $(people_STORE)  ## new or given weights (START=CHECKPOINT) on ever more pictures
	$(call train,people,people-starts,quick) --compare starts $(if $(START),--start $(call quoted,$(START))) $(ARGS)

sweep-weights: $(VENV)/.installed-run $(people_STORE)  ## how much should joints count beside the mask?
	$(call train,people,people-weights,compare) --compare weights --limit 1000 $(ARGS)

# --- The weights that come with minipose ----------------------------------------------------------
# Trained on drawn people and, with CCP=, on the photographs of Clothing Co-Parsing, in a folder with
# joints that data_tools people reads. PEOPLE= and POSE3D= name runs that are there instead.

DRAWN := $(SIZE)$(SEEDED)
MIXED := $(if $(CCP),ccp-)$(DRAWN)
PEOPLE_RUN := $(or $(PEOPLE),runs/weights-people-$(MIXED))
POSE3D_RUN := $(or $(POSE3D),runs/weights-pose3d-$(DRAWN))

# $(call finish,JOB): a training that begins, or goes on where it was stopped
finish = $(MINIPOSE) train $(1) --data $< --out $(@D) --device $(call quoted,$(DEVICE)) --seed $(SEED) \
  $(shell [ -e $(@D)/config.toml ] && echo --resume)

data/weights-people-$(MIXED).h5: data/people-$(DRAWN)/.written
	$(ALONE) $(VENV)/bin/python -m data_tools people $(<D) $(if $(CCP),$(call quoted,$(CCP))) --out $@

runs/weights-people-$(MIXED)/report.json: data/weights-people-$(MIXED).h5
	$(call finish,people) --recipe full --cut 0.35 \
	  $(if $(FULL),,--width 12 --limit 2000 --epochs 14 --quarter-epochs 4 --half-epochs 8 --held 7 \
	  --patch 1 --blur 1.5 --joint-weight 3)

data/weights-poses-$(DRAWN).h5: | $(VENV)/.installed-run
	$(ALONE) $(VENV)/bin/python -m data_tools twin poses --out $@ --reclining 0.1 --count $(if $(FULL),60000,20000) --seed $(SEED)

runs/weights-pose3d-$(DRAWN)/report.json: data/weights-poses-$(DRAWN).h5
	$(call finish,h36m) --hidden 512 512 --normalise --lr 0.002 --batch 32 --detection-epochs 3 --detection-lr 0.002 --epochs 9

TRAINED := $(if $(PEOPLE),,$(PEOPLE_RUN)/report.json) $(if $(POSE3D),,$(POSE3D_RUN)/report.json)

weights: $(VENV)/.installed-run $(TRAINED)  ## train and package what predict uses (CCP=FOLDER, or PEOPLE=RUN POSE3D=RUN)
	$(RUN) minipose.weights $(call quoted,$(PEOPLE_RUN)) $(call quoted,$(POSE3D_RUN)) $(ARGS)

# --- Lessons --------------------------------------------------------------------------------------

lessons: $(VENV)/.installed-run  ## run all lessons: seconds, asserts and pictures of each
	@$(RUN) lessons $(ARGS)

lesson: $(VENV)/.installed-run  ## run one lesson: N=07 (ANSWERS=1: with its answers)
	@$(RUN) lessons $(if $(N),$(call quoted,$(N)),1) $(if $(ANSWERS),--answers) $(ARGS)

check: $(VENV)/.installed-run  ## the workbook: what is right and wrong in lessons/mine, N=7 of one exercise
	@$(RUN) lessons.workbook $(if $(N),$(call quoted,$(N))) $(ARGS)

book: $(VENV)/.installed-book  ## run the lessons that changed, lay all out as pages: build/book/index.html
	@$(RUN) sphinx -q -b html -d build/book-doctrees -c lessons/book lessons build/book
	@$(RUN) lessons.book.check build/book
	@echo "Open build/book/index.html in a browser"

publish: book  ## the book as a folder that any static host takes: build/site
	@$(RUN) lessons.book.publish build/book build/site

doctor: $(VENV)/.installed-run  ## versions, devices and data that minipose finds here
	@$(MINIPOSE) doctor

clean:  ## remove caches (data/, runs/ and the environment stay)
	rm -rf build .pytest_cache .ruff_cache .hypothesis minipose.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
