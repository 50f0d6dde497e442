# %% [markdown]
# # 33 · Do the weights of the losses matter?
#
# - **Question.** Report 2 leaves one question open by name: what if the losses are weighted?
# - **Read first.** Lesson 32: the sum of losses.
# - **Source.** Report 2, section IV: "we did not change the weights of loss functions".
# - **Running time.** Under 40 s.
#
# The mask's loss is at most 1. The joints' cross entropy is a mean over *all* pixels, and most of
# them are background. What does it cost to know nothing but how common each class is?

# %%
import numpy as np

import kit
import minipose as mp
import people
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.objective import loss_parts, total_loss
from minipose.experiments.people.outputs import predict_array
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.train import build
from minipose.losses import categorical_cross_entropy
from minipose.metrics import pixel_errors

everybody, _ = people.in_room()
persons = everybody[::33][:6]
recipe = Recipe(model="mask+softmax", width=8, dropout=0.0, batch=1, lr=2e-3)
batch = make_batch(persons, recipe.outputs)
fractions = batch.joints.mean(axis=(0, 2, 3))  # of the pixels, for each of the 26 classes
ignorant = -(fractions * np.log(fractions)).sum()
scores = np.zeros(batch.joints.shape, np.float32) + np.log(fractions)[:, None, None]
said = categorical_cross_entropy(mp.Tensor(scores), batch.joints).item()
print(f"background {fractions[0]:.1%}; saying how common each class is costs {said:.3f} a pixel")
print(f"guessing with equal chances costs {np.log(26):.3f}")
assert np.isclose(said, ignorant, rtol=1e-4)

# %% [markdown]
# Most of what there is to gain is won by saying "background"; where the joints are is a small rest,
# and the mask speaks louder. A weight $w_j$ turns the joints up:
#
# $$L = (1 - \text{dice}) + w_j \cdot \text{cross entropy}$$

# %%
net = build(recipe, seed=1)
with mp.no_grad():
    scores = net(mp.Tensor(batch.images))
parts = {name: part.item() for name, part in loss_parts(scores, batch).items()}
for weight in (0.0, 1.0, 10.0):
    total = total_loss(scores, batch, recipe.changed(joint_weight=weight)).item()
    assert np.isclose(total, parts["dice_loss"] + weight * parts["cross_entropy"], rtol=1e-5)
print("before training:", {name: round(value, 3) for name, value in parts.items()})

# %% [markdown]
# Four trainings from the same start, on the same six pictures in the same order. How well does each
# learn them by heart?

# %%
WEIGHTS = (0.3, 3.0, 30.0, 300.0)
rows = {}
truth = np.stack([person.keypoints for person in persons])
print(f"{'weight':>7} {'dice':>6} {'cross entropy':>14} {'median of joints, px':>21}")
for weight in WEIGHTS:
    net = build(recipe, seed=1)
    people.learn(net, persons, recipe.changed(joint_weight=weight), steps=330)
    with mp.no_grad():
        parts = loss_parts(net(mp.Tensor(batch.images)), batch)
    places = np.stack([predict_array(net, f.image).joint_places()[0] for f in persons])
    gaps = pixel_errors(places, truth[..., :2], truth[..., 2] > 0)
    rows[weight] = (1 - parts["dice_loss"].item(), float(np.median(gaps)))
    dice, distance = rows[weight]
    print(f"{weight:7g} {dice:6.3f} {parts['cross_entropy'].item():14.4f} {distance:21.1f}")

# %%
plot = kit.new_plot(7.4, 2.8)
for k, title in enumerate(("dice of the mask", "median error of the joints, px")):
    axes = plot.add_subplot(1, 2, k + 1)
    values = [rows[w][k] for w in WEIGHTS]
    axes.semilogx(WEIGHTS, values, marker="o", color=kit.canvas.PREDICTION)
    axes.set(title=title, xlabel="weight of the joints' loss", ylim=(0, None))
kit.save_plot(plot, "33_loss_weights")
assert min(distance for _, distance in rows.values()) < 0.8 * rows[0.3][1]

# %% [markdown]
# The report's weight of 1, between the first two, is not special; too small and the joints are
# hardly learned in the time, too large and the mask suffers. What is best for unseen people takes
# many pictures and hours to find out: `make train-unet ARGS="--joint-weight 10"` is one such run.
# minipose's own recipes also make the background's part of the cross entropy smaller
# (`background_weight`), since there are so many pixels of it.
#
# Adam makes one thing special. It divides each step by the size of past gradients, so multiplying
# the *whole* loss by 10 changes nothing: only the ratio of the weights counts.

# %% [markdown]
# ## Change this, predict, run
#
# With weights 0.1 for the mask and 1 for the joints: between which rows of the table will it be?
