# %% [markdown]
# # 23 · What helped?
#
# - **Question.** Which of report 1's choices made the error smaller, and how would one know?
# - **Read first.** Lesson 8: momentum and decay. Lesson 21: pre-training. Lesson 22: the error in
#   mm.
# - **Source.** Report 1, abstract and sections 4.1-4.4.
# - **Running time.** Under 50 s.
#
# The report says that pre-training "finally gave us promising results", and that momentum, weight
# decay and others "further improved" them. It changed several things at a time, though, and each
# result is one run. An **ablation** takes one choice away, leaves all else as it was, and trains
# again.
#
# Two rules make it honest. First, an equal budget: every row below sees the same number of
# pictures, so without pre-training the detector's epochs go to the regression. Second, a yardstick
# for luck: the same recipe with other random seeds. A difference that is not larger than that tells
# nothing.

# %%
import contextlib
import io
import tempfile
from pathlib import Path

import numpy as np

import kit
import people
from minipose.experiments.job import Run
from minipose.experiments.pose3d.ablation import VARIANTS
from minipose.experiments.pose3d.outputs import predict
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.pose3d.train import train_detector, train_regressor
from minipose.metrics import mpjpe

store = people.walkers()
split = store.split(limit=320)
split["test"] = store.split()["test"]
truth = {part: store.read("joints_3d", frames) for part, frames in split.items()}
average = truth["train"].mean(axis=0)
constant = mpjpe(np.broadcast_to(average, truth["test"].shape), truth["test"])
print({part: len(frames) for part, frames in split.items()}, f"mean pose: {constant:.1f} mm")


def run(recipe, seed=0):
    """Train by a recipe; the error on pictures of the training and on subject 11, mm."""
    folder, detector = Path(tempfile.mkdtemp()), None
    with contextlib.redirect_stdout(io.StringIO()):
        if recipe.pretrain:
            detector = train_detector(Run(store, split, recipe, seed, folder))
        else:
            recipe = recipe.changed(epochs=recipe.epochs + recipe.detection_epochs)
        net = train_regressor(Run(store, split, recipe, seed, folder), detector)
    errors = {}
    for part in ("train", "test"):
        poses = predict(net, store, split[part]).reshape(-1, 17, 3)
        errors[part] = mpjpe(poses, truth[part])
    return errors


# %% [markdown]
# ## One thing at a time
#
# The base is pre-trained, as in the report, but learns by Adam; the report's SGD is one of the
# rows.

# %%
base = Recipe(optimizer="adam", batch=32, detection_epochs=1, epochs=3, lr_decay=0.1)
variants = {
    "no pre-training": {"pretrain": False},
    "transferred layers frozen": {"shared": "freeze"},
    "distance, not its square": {"loss": "distance"},
    "SGD with momentum 0.9 (eq. 7)": {"optimizer": "sgd"},
    "SGD without momentum": {"optimizer": "sgd", "momentum": 0.0},
}
rows = {f"the base, seed {seed}": run(base, seed) for seed in (0, 1)}
rows |= {name: run(base.changed(**choices)) for name, choices in variants.items()}

seeds = [rows[f"the base, seed {seed}"]["test"] for seed in (0, 1)]
middle, luck = float(np.mean(seeds)), abs(seeds[0] - seeds[1])
print(f"{'':31} train   S11    change")
for name, row in rows.items():
    change = row["test"] - middle
    verdict = "no more than luck" if abs(change) <= luck else "beyond the seeds"
    if "seed" in name:
        verdict = ""
    print(f"{name:31} {row['train']:5.1f} {row['test']:6.1f} {change:+7.1f}  {verdict}".rstrip())
print(f"{'mean pose':31}       {constant:6.1f}")

# %% [markdown]
# What can be asserted whatever the seed: the base has learned something, and the report's optimizer
# has not yet. A learning rate belongs to a number of steps; its 0.001 was meant for 100 epochs.

# %%
assert middle < constant
assert (Recipe().lr, Recipe().epochs, len(VARIANTS)) == (0.001, 100, 10)
assert rows["SGD with momentum 0.9 (eq. 7)"]["test"] > max(seeds)

plot = kit.new_plot(7, 3)
axes = plot.add_subplot(axisbelow=True, xlabel="error, mm")
names = list(rows)[::-1]
axes.barh(names, [rows[n]["test"] for n in names], color=kit.canvas.PREDICTION, label="subject 11")
train_errors = [rows[n]["train"] for n in names]
axes.barh(names, train_errors, color=kit.canvas.TRUTH, height=0.3, label="training")
axes.axvline(constant, color=kit.canvas.GREY, linestyle="--", label="mean pose")
axes.axvspan(min(seeds), max(seeds), color=kit.canvas.ACCENT, label="the two seeds")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
kit.save_plot(plot, "23_ablation")

# %% [markdown]
# Two seeds are a poor yardstick: they may be close by chance. And a few epochs are a small budget:
# what helps an hour-long training may hurt a short one. `make ablate-h36m` runs ten variants on
# more pictures, among them dropout (random zeros in training), decay and tanh on the last layer.
# Look there before you believe this.

# %% [markdown]
# ## Change this, predict, run
#
# A difference between two means of $n$ seeds each is uncertain by about $\sqrt{2/n}$ times the
# spread of single runs. If single runs spread by 4 mm and pre-training helps by 2 mm: how many
# seeds of each until the difference is twice its uncertainty? Ten variants at 5 seconds a run: how
# long does the table take?
