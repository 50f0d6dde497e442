# %% [markdown]
# # 31 · Four ways to ask for a joint
#
# - **Question.** What should a network say at a pixel about joints?
# - **Read first.** Lesson 28: the targets. Lesson 29: U-Net. Lesson 30: dice.
# - **Source.** Report 2, section II-D 3 a, b and c.
# - **Running time.** Under 45 s.
#
# Report 2 tries four targets. Two are **regressions**: one channel, whose value at a pixel should
# be the heatmap's, between 0 and 1 or between 0 and 100; the loss is the mean squared error. Two
# are **classifications**: 26 channels and softmax over them; the loss is cross entropy, the target
# is 1 in the channel of the nearest joint ("softmax"), or the heatmap's value there ("regression
# softmax").
#
# ## The two losses, by loops

# %%
import math

import numpy as np

import kit
import minipose as mp
import people
from minipose import ops
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.recipe import MODELS, Recipe
from minipose.losses import categorical_cross_entropy, dice_loss, mse
from minipose.models import UNet
from minipose.plots.people import picture_table

rng = np.random.default_rng(0)
z, t = rng.normal(0, 2, (1, 3, 2, 2)), rng.random((1, 3, 2, 2))
entropy = squares = 0.0
for y in range(2):
    for x in range(2):
        total = sum(math.exp(z[0, c, y, x]) for c in range(3))
        for c in range(3):
            entropy -= t[0, c, y, x] * math.log(math.exp(z[0, c, y, x]) / total) / 4
            squares += (z[0, c, y, x] - t[0, c, y, x]) ** 2 / 12
assert np.isclose(entropy, categorical_cross_entropy(mp.Tensor(z), t).item())
assert np.isclose(squares, mse(mp.Tensor(z), t).item())
print(f"cross entropy {entropy:.4f} a pixel, mean squared error {squares:.4f}: as in minipose")

# %% [markdown]
# ## Why 0 to 1 fails
#
# "Since values are between 0-1, the model could not learn well, and all pixels converge to zero." A
# network that says 0 everywhere has which error?

# %%
everybody, _ = people.in_room()
persons = everybody[::33][:6]
for peak in (1.0, 100.0):
    target = make_batch(persons, MODELS["mask+regression"], peak).regression
    print(f"target up to {peak:3.0f}: saying 0 everywhere costs {np.mean(target**2):.5f}")
net = UNet({"mask": 2}, width=8, dropout=0.0, rng=np.random.default_rng(1))
batch = make_batch(persons, MODELS["mask"])
person = ops.softmax(net(mp.Tensor(batch.images))["mask"], axis=1)[:, 1]
print(f"the dice loss of the mask before training: {dice_loss(person, batch.mask).item():.2f}")

# %% [markdown]
# With targets up to 1 there is next to nothing to gain: the error of an empty answer is small
# beside the dice loss of the mask, which is learned *at the same time* by the same weights. With
# 100, the error is 100² times as large. The unit decides which of the two tasks is heard.
#
# ## Four small networks
#
# Each learns the same six pictures by heart, in as many steps from the same start; the loss is the
# dice loss + the joints' loss, as in the report (cross entropies tenfold, so that few steps
# suffice). How far do the joints stand out from the rest of the body, and how good is the mask?

# %%
recipes = {
    "0-1 regression": Recipe(model="mask+regression", peak=1.0),
    "0-100 regression": Recipe(model="mask+regression", peak=100.0),
    "softmax": Recipe(model="mask+softmax", joint_weight=10.0),
    "regression softmax": Recipe(model="mask+regression-softmax", joint_weight=10.0),
}
shown, heights, dice = {}, {}, {}
for name, recipe in recipes.items():
    recipe = recipe.changed(width=8, dropout=0.0, batch=1, lr=2e-3)
    net = UNet(recipe.outputs.heads, width=8, dropout=0.0, rng=np.random.default_rng(1))
    people.learn(net, persons, recipe, steps=300)
    batch = make_batch(persons, recipe.outputs, recipe.peak)
    with mp.no_grad():
        scores = net(mp.Tensor(batch.images))
    person = ops.softmax(scores["mask"], axis=1).data[:, 1]
    if recipe.outputs.regression:
        joints, truth = scores["regression"].data[:, 0], batch.regression[:, 0] / recipe.peak
        joints = joints / recipe.peak
    else:
        joints = 1 - ops.softmax(scores["joints"], axis=1).data[:, 0]  # any joint at all
        truth = batch.joints[:, 1:].sum(axis=1)
    body = (truth < 0.01) & (batch.mask > 0)  # on the person, but no joint
    heights[name] = float(joints[truth > 0.5].mean() - joints[body].mean())
    dice[name] = 1 - dice_loss(mp.Tensor(person), batch.mask).item()
    print(f"{name:19} joints stand out by {heights[name]:.3f}; dice of the mask {dice[name]:.3f}")
    shown[name] = np.clip(joints, 0, 1)

# %%
assert heights["0-1 regression"] < 0.5 * max(heights.values())
assert dice["0-1 regression"] > dice["0-100 regression"] + 0.05

# %% [markdown]
# With 0-1 the heatmap is the mask once more (see below): it follows the channels that the mask
# needs, and its own loss is hardly heard. With 0-100 it is the *mask* that is hardly heard, and
# beside our tenfold cross entropies as well. The report's masks suffered with 0-100, too: a
# validation dice of 0.888, and 0.919 without joints. For the two targets with classes, "any joint"
# is drawn:

# %%
columns = [("picture", [f.image for f in persons[:3]])]
columns += [(name, list(joints[:3])) for name, joints in shown.items()]
kit.show_plot(picture_table(columns, kit.plot_folder() / "31_four_ways.png"))

# %% [markdown]
# A heatmap of one channel has a second flaw: it says *somewhere here is a joint*, not which. So the
# report goes on with classes.

# %% [markdown]
# ## Change this, predict, run
#
# Instead of 0-100 targets one could multiply the loss of 0-1 targets by a weight. Which weight
# makes the two losses equal, number for number, if the network's output is scaled alike?
