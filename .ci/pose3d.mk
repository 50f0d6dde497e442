# Report 1's job: 3D poses. Included by the Makefile, whose variables and functions it uses.
# ACTIONS= of Human3.6M other than Walking alone have a store and a run of their own, and KERNELS= a run.

ACTIONS_KNOWN := Directions Discussion Eating Greeting Phoning Posing Purchases Sitting SittingDown \
  Smoking TakingPhoto Waiting Walking WalkingDog WalkTogether

ifneq ($(filter-out $(ACTIONS_KNOWN),$(ACTIONS)),)
$(error ACTIONS=$(ACTIONS): expected some of $(ACTIONS_KNOWN))
endif

ifneq ($(and $(ACTIONS),$(FINISHED),$(filter %-h36m,$(MAKECMDGOALS))),)
$(error ACTIONS=$(ACTIONS): expected DATA= with Human3.6M's folder, not a finished store)
endif

ACTED := $(if $(filter-out Walking,$(ACTIONS)),$(call tail,$(sort $(ACTIONS))))
NETWORK := $(call tail,$(KERNELS))
$(eval $(call job,h36m,$(if $(FULL),--frames 600 --step 5 --takes 40 --train-frames 44,\
  --frames 220 --step 7 --takes 16 --train-frames 24)$(if $(ACTED), --actions $(ACTIONS)),$(ACTED),\
  $(if $(ACTED),--actions $(ACTIONS)),$(ACTED)))

.PHONY: train-h36m ablate-h36m constant-poses films-h36m

KERNEL_FLAGS := $(if $(KERNELS),--kernels $(foreach one,$(KERNELS),$(call quoted,$(one))))

train-h36m: $(VENV)/.installed-run $(h36m_STORE)  ## 3D pose: data, detection, regression, report
	$(call train,h36m,h36m-$(RAN)$(NETWORK)$(ACTED),$(SIZE)) $(KERNEL_FLAGS) $(ARGS)

ablate-h36m: $(VENV)/.installed-run $(h36m_STORE)  ## what helped: pre-training, momentum, decay, ...
	$(call train,h36m,h36m-ablation$(NETWORK)$(ACTED),ablation) --ablate $(KERNEL_FLAGS) $(ARGS)

# Report 1's constant poses: one picture for 12 frames, and what filters make of them.
RUN_OF := $(call quoted,$(or $(OUT),runs/h36m-$(RAN)$(NETWORK)$(ACTED)$(SEEDED)))

data/h36m-50hz.h5: | $(VENV)/.installed-run
	$(ALONE) sh -c '"$$0" -m data_tools twin h36m --out data/h36m-50hz --subjects 11 --frames 192 \
	  --step 1 && "$$0" -m data_tools h36m data/h36m-50hz --subjects 11 --out $@' $(VENV)/bin/python

constant-poses: data/h36m-50hz.h5  ## one picture for 12 frames: constant poses, shown and cured
	@[ -e $(RUN_OF)/best.npz ] || $(MAKE) train-h36m
	$(MINIPOSE) evaluate $(RUN_OF)/best.npz --data data/h36m-50hz.h5 --all --hold 12 --smooth all \
	  --device $(call quoted,$(DEVICE)) $(ARGS)

films-h36m: $(VENV)/.installed-run $(h36m_STORE)  ## videos of validation and test takes: truth and prediction
	@[ -e $(RUN_OF)/best.npz ] || $(MAKE) train-h36m
	$(MINIPOSE) evaluate $(RUN_OF)/best.npz --data $(or $(h36m_STORE),$(RAW)) \
	  --videos $(RUN_OF)/videos --device $(call quoted,$(DEVICE)) $(ARGS)
