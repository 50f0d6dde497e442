# %% [markdown]
# # 31 · Four ways to ask for a joint, and how loudly
#
# - **Question.** What should a network say at a pixel about joints?
# - **Read first.** Lesson 28: the targets. Lesson 29: U-Net. Lesson 30: dice.
# - **Source.** Report 2, section II-D 3 a, b and c; section IV: "we did not change the weights of
#   loss functions".
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
import training
from comparison import Comparison
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.objective import total_loss
from minipose.experiments.people.outputs import predict_array
from minipose.experiments.people.recipe import MODELS, Recipe
from minipose.experiments.people.train import build
from minipose.losses import categorical_cross_entropy, mse
from minipose.metrics import dice_coefficient, pixel_errors
from minipose.plots.people import picture_table
from minipose.targets.heatmaps import heatmap

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
everybody = people.upright(people.anywhere(), 24)
persons = everybody[:2]
for peak in (1.0, 100.0):
    target = make_batch(everybody, MODELS["mask+regression"], peak).regression
    print(f"target up to {peak:3.0f}: saying 0 everywhere costs {np.mean(target**2):.5f}")
classes = make_batch(everybody, MODELS["mask+softmax"]).joints
fractions = classes.mean(axis=(0, 2, 3))  # of the pixels, for each of the 26 classes
ignorant = -(fractions * np.log(fractions)).sum()
print(
    f"background {fractions[0]:.1%}; 26 equal probabilities cost {math.log(26):.3f} a pixel, "
    f"saying how common each class is {ignorant:.3f}"
)

# %% [markdown]
# With targets up to 1 there is next to nothing to gain: the error of an empty answer is small
# beside the dice loss of the mask, which is at most 1 and learned *at the same time* by the same
# weights. With 100, the error is 100² times as large. The unit decides which task is heard. With
# classes, most of what there is to gain is won by knowing how common each is, "background" first.
#
# ## How loud is each?
#
# A voice is a gradient. Take each loss alone and measure how hard it pulls at the weights that both
# tasks share, at five random starts, against the pull of the mask:

# %%
ASKED = {  # a Recipe holds all choices of a training
    "0-1 regression": Recipe(model="mask+regression", peak=1.0),
    "0-100 regression": Recipe(model="mask+regression", peak=100.0),
    "softmax": Recipe(model="mask+softmax"),
    "regression softmax": Recipe(model="mask+regression-softmax"),
    "softmax, weight 10": Recipe(model="mask+softmax", joint_weight=10.0),
}


def loudness(recipe, seed):
    """The joints' pull at the shared weights, as a multiple of the mask's."""
    recipe = recipe.changed(width=6, dropout=0.0)
    net, batch = build(recipe, seed), make_batch(persons, recipe.outputs, recipe.peak)
    lengths = []
    for silent in ({"joint_weight": 0.0, "regression_weight": 0.0}, {"mask_weight": 0.0}):
        net.zero_grad()
        total_loss(net(mp.Tensor(batch.images)), batch, recipe.changed(**silent)).backward()
        shared = [p for name, p in net.named_parameters() if not name.startswith("heads")]
        lengths.append(np.linalg.norm(np.concatenate([p.grad.ravel() for p in shared])))
    return lengths[1] / lengths[0]


table = Comparison("the joints' pull over the mask's", 1.0, "equally loud", paired=True)
for name, recipe in ASKED.items():
    table.add(name, lambda seed, recipe=recipe: loudness(recipe, seed), range(5))
table.show()
apart = table.results["0-100 regression"] / table.results["0-1 regression"]
print("0-100 against 0-1, seed by seed:", *(f"{ratio:.0f}" for ratio in apart), "times as loud")
assert apart.min() > 10
louder = table.results["softmax, weight 10"] / table.results["softmax"]
assert np.allclose(louder, 10, rtol=1e-3)

# %% [markdown]
# With 0-1 the joints *begin* as loud as the mask, or up to ten times louder: a squared error pulls
# by $2(z - t)$, and a network's first scores $z$ are random. (So 0-100 is not yet 100² times as
# loud.) They soon come near 0; then there is nothing more to gain: the voice falls silent. With
# 0-100 it goes on.
#
# A weight $w_j$ in $L = (1 - \text{dice}) + w_j\cdot\text{(loss of the joints)}$ turns a voice up
# or down, exactly by its factor. The report left its weights at 1 and names them as an open
# question; the peak of 100 was its weight of 10,000. And since Adam divides each step by the size
# of past gradients, multiplying *all* these weights by 10 changes nothing: only their ratio
# counts.
#
# ## Heard, or not
#
# Three small networks learn two pictures by heart, from one start, in equally many steps, each
# once. They are normalised (lesson 14): else even the rounding of sums changes how they end. A
# joint is put where its channel is highest (lesson 34). The constant baseline puts each joint at
# the mean of its places in both pictures:

# %%
truth = np.stack([person.keypoints for person in persons])
seen = truth[..., 2] > 0
middle = (truth[..., :2] * seen[..., None]).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)[:, None]
nobody = float(np.nanmedian(pixel_errors(np.stack([middle] * 2), truth[..., :2], seen)))
print(f"average places: {nobody:.1f} px off (median)")
shown, dice, places = {}, {}, {}
HEARD = {
    "0-1 regression": ASKED["0-1 regression"],
    "0-100 regression": ASKED["0-100 regression"],
    # of the cross entropy, the part of the many background pixels counts a twentieth
    "softmax, weight 10": ASKED["softmax, weight 10"].changed(background_weight=0.05),
}
for name, recipe in HEARD.items():
    recipe = recipe.changed(width=12, normalise=True, dropout=0.0, batch=2, lr=3e-3)
    net = training.learn(build(recipe, seed=1), persons, recipe, steps=180)
    found = [predict_array(net, person.image) for person in persons]
    pairs = zip(found, persons)
    dice[name] = float(np.mean([dice_coefficient(f.mask, person.mask) for f, person in pairs]))
    if recipe.outputs.regression:
        shown[name] = [np.clip(f.regression / recipe.peak, 0, 1) for f in found]
        print(f"{name:19} dice {dice[name]:.3f}")
        continue
    shown[name] = [1 - f.joints[0] for f in found]  # any joint at all
    at = np.stack([f.joint_places()[0] for f in found])
    places[name] = float(np.nanmedian(pixel_errors(at, truth[..., :2], seen)))
    print(f"{name:19} dice {dice[name]:.3f}; joints {places[name]:.1f} px off (median)")
assert places["softmax, weight 10"] < nobody
assert dice["0-1 regression"] > dice["softmax, weight 10"] > dice["0-100 regression"]

# %% [markdown]
# With 0-1 the heatmap shows outlines rather than joints: it follows the channels that the mask
# needs, and its own loss is hardly heard. With 0-100 the *mask* is heard less, as in the report: a
# validation dice of 0.888, and 0.919 without joints. With classes and a loud voice the joints are
# found, better than by average places, and the mask has to wait. For classes, "any joint" is drawn:
# wide spots on grey, since the background counts a twentieth.

# %%
columns = [("picture", [person.image for person in persons])]
columns += [("joints", [heatmap(f.keypoints, f.mask.shape, 1.0) for f in persons])]
columns += list(shown.items())
kit.show_plot(
    picture_table(columns, kit.plot_folder() / "31_four_ways.png"),
    f"A row for each person: the picture, its joints, and what is found by {', '.join(shown)}.",
)

# %% [markdown]
# A heatmap of one channel has a second flaw: it says *somewhere here is a joint*, not which. So the
# report goes on with classes. minipose's recipe `full` gives the joints a weight of 4 and the
# background a tenth of its part (`background_weight`), since there are so many pixels of it. What
# is best for unseen people is found by `make sweep-weights`.

# %% [markdown]
# ## Change this, predict, run
#
# Instead of targets up to 100 one could give the loss of targets up to 1 a weight. Which weight
# makes the two equally loud?

# %% tags=["change-this"]
WEIGHT = 1.0  # try 100.0, 10000.0, 1000000.0
with kit.experiment(WEIGHT, as_given=1.0):
    recipe = Recipe(model="mask+regression", peak=1.0, regression_weight=WEIGHT)
    loud = np.mean([loudness(recipe, seed) for seed in range(3)])
    print(
        f"0-1 regression, weight {WEIGHT:g}: the joints pull {loud:.3f} times as hard as the mask"
    )
    hundred = np.mean([loudness(ASKED["0-100 regression"], seed) for seed in range(3)])
    print(f"0-100 regression, weight 1: {hundred:.3f} times")

# %% [markdown]
# ## Five questions
#
# 1. Which two of the four targets are regressions, and what do the other two ask?
# 2. Why is the unit of a target a hidden weight?
# 3. What does a weight of 10 do to the gradient of its loss?
# 4. With Adam, the weights of all losses are multiplied by 10. What changes?
# 5. Which baseline must stand beside "joints are 2 px off"?
#
# The answers: `make lesson N=31 ANSWERS=1`, once you have your own.
