# %% [markdown]
# # 34 · From channels to a skeleton
#
# - **Question.** How do 26 channels of probabilities become 25 points and 24 limbs?
# - **Read first.** Lesson 28: the class map. Lesson 31: softmax over channels.
# - **Source.** Report 2, section III: "we take the pixel that maximizes the softmax output for each
#   channel (joint), and we draw lines between those pixels".
# - **Running time.** Under 40 s.
#
# ## The highest pixel

# %%
from dataclasses import replace

import numpy as np

import kit
import people
import training
from minipose.experiments.people.outputs import Prediction, predict_array
from minipose.experiments.people.recipe import Recipe
from minipose.experiments.people.train import build
from minipose.metrics import correct_fraction, head_sizes, pixel_errors
from minipose.plots.people import draw_skeleton, show_picture
from minipose.skeletons import BODY_25, BODY_25_LIMBS
from minipose.targets.heatmaps import expand, joint_targets

everybody, _ = people.in_room()


def perfect(person):
    """What a perfect network would say: a hill around each joint (lesson 28)."""
    return expand(*joint_targets(person.keypoints, person.mask.shape))


def highest(channels):
    """For each joint's channel: the place (x, y) of its highest pixel, and how high it is."""
    places, heights = [], []
    for joint in range(1, 26):
        best = (-1.0, 0, 0)
        for y, x in np.ndindex(channels.shape[1:]):
            if channels[joint, y, x] > best[0]:
                best = (float(channels[joint, y, x]), x, y)
        places.append((best[1] + 0.5, best[2] + 0.5))
        heights.append(best[0])
    return np.array(places), np.array(heights)


person = everybody[0]
places, heights = highest(perfect(person))
package_places, package_heights = Prediction(person.mask * 1.0, perfect(person)).joint_places()
assert np.array_equal(places, package_places) and np.allclose(heights, package_heights)
assert len(person.mask) == 64  # px of height

# %% [markdown]
# Why the half? Report 2 draws a joint at the *integer part* of its coordinates: one at 17.8 is
# drawn at 17, one at 17.2 as well. On average they were half a pixel further. Over many perfect
# answers:

# %%
gaps = []
for sample in everybody[::4]:
    at, high = Prediction(sample.mask * 1.0, perfect(sample)).joint_places()
    gaps.append((at - sample.keypoints[:, :2])[high > 0])
gaps = np.concatenate(gaps)
print(f"with the half put back: mean error {gaps.mean(axis=0).round(2)} px,", end=" ")
print(f"median distance {np.nanmedian(np.linalg.norm(gaps, axis=1)):.2f} px")
print(f"as drawn:               mean error {(gaps - 0.5).mean(axis=0).round(2)} px")
assert np.abs(gaps.mean()) < 0.1 < 0.4 < np.abs((gaps - 0.5).mean())

# %% [markdown]
# So even a perfect network is off by some tenths of a pixel: the price of whole pixels. At the 64
# px of these pictures, which keep the lessons short, a pixel is much; most of the report's are 192
# px high.
#
# ## A network's own channels
#
# A small network learns two pictures by heart. (For people whom it has not seen it needs thousands
# of steps: `make train-unet`, lesson 36.) Its targets are those that the report chose, the ones of
# "softmax" (lesson 31); it is normalised (lesson 14), without which it is found less surely.

# %%
persons = people.upright(people.anywhere(), 2)
recipe = Recipe(model="mask+softmax", width=12, normalise=True, dropout=0.0, batch=2, lr=3e-3)
recipe = recipe.changed(joint_weight=10.0, background_weight=0.05)
net = training.learn(build(recipe, seed=1), persons, recipe, steps=250)
found = [predict_array(net, person.image) for person in persons]
answers = [prediction.joint_places() for prediction in found]
places = np.stack([at for at, _ in answers])  # (2, 25, 2) px
heights = np.stack([high for _, high in answers])

# %% [markdown]
# All 25 channels of one picture (the first one below), as in the report's figure 19, each with its
# highest pixel and how high that is:

# %%
plot = kit.new_plot(4.4, 8.2)
for j in range(25):
    axes = plot.add_subplot(5, 5, j + 1)
    axes.imshow(found[0].joints[j + 1], cmap="magma", vmin=0, vmax=1)
    axes.plot(*(places[0, j] - 0.5), "+", color="white", markersize=7)
    axes.set_axis_off()
    axes.set_title(f"{BODY_25[j]}\n{heights[0, j]:.2f}", fontsize=8)
empty = [BODY_25[j] for j in range(25) if not perfect(persons[0])[j + 1].any()]
assert empty == ["right eye", "right ear"]
kit.save_plot(plot, "34_skeleton_channels")

# %% [markdown]
# Two channels have nothing to show, since their targets are empty: the far ear is not labelled, and
# the far eye lies in the nose's pixel, which the class map gives to the nose. All others show a
# *spot*: the target has ones all around the joint, so no pixel of it is the highest by right. A
# blur makes a hill of a spot, with its top in the middle; minipose's recipes `quick` and `full`
# blur each channel before they take the highest pixel.
#
# How good are the places? A distance in px depends on how large somebody is in the picture, so one
# counts the joints that are within half a head (from nose to neck) of where they should be: the
# PCK, "percentage of correct keypoints". The constant baseline puts each joint at its average
# place, whatever the picture shows.

# %%
truth = np.stack([person.keypoints for person in persons])
visible = truth[..., 2] > 0
middle = (truth[..., :2] * visible[..., None]).sum(axis=0) / np.maximum(visible.sum(axis=0), 1)[
    :, None
]
blurred = np.stack([replace(f, blur=1.5).joint_places()[0] for f in found])  # σ in px
average = np.stack([middle] * len(persons))
errors = {
    "network": pixel_errors(places, truth[..., :2], visible),
    "blurred": pixel_errors(blurred, truth[..., :2], visible),
    "average places": pixel_errors(average, truth[..., :2], visible),
}
half_head = 0.5 * head_sizes(truth)
for name, gap in errors.items():
    by_loops = np.mean(
        [gap[n, j] <= half_head[n] for n, j in np.ndindex(*visible.shape) if visible[n, j]]
    )
    assert np.isclose(by_loops, correct_fraction(gap, half_head))
    print(f"{name:14} median {np.nanmedian(gap):.1f} px, PCK {by_loops:.1%}")
known = np.flatnonzero(visible.any(axis=0))  # joints that are in one picture at least
order = known[np.argsort(np.nanmean(errors["network"][:, known], axis=0))]
for name, some in (("nearest", order[:4]), ("furthest", order[-4:])):
    print(f"{name}:", ", ".join(BODY_25[j] for j in some))
medians = [np.nanmedian(gap) for gap in errors.values()]
assert medians[1] < medians[0] < medians[2]

# %% [markdown]
# Is a joint in the picture at all? Take one whose highest probability stays below 0.5 for absent,
# and draw a limb if both of its joints are there. (`python -m minipose predict` adds up the channel
# instead, which tells better: `docs/photographs.md`.)

# %%
plot = kit.new_plot(5, 3.4)
for k in range(len(persons)):
    axes = plot.add_subplot(1, 2, k + 1)
    show_picture(axes, persons[k].image)
    present = heights[k] >= 0.5
    draw_skeleton(axes, places[k], present)
    limbs = sum(present[a] and present[b] for a, b in BODY_25_LIMBS)
    axes.set_title(f"{limbs} limbs, {np.nanmedian(errors['network'][k]):.1f} px", fontsize=8)
kit.save_plot(plot, "34_skeleton")

# %% [markdown]
# ## Change this, predict, run
#
# Instead of the highest pixel take the *mean* place, weighted with the channel's probabilities. For
# one clean spot that does what the blur does, and is not even bound to whole pixels. What happens
# if the network is torn between both wrists, at x = 10 and at x = 30?

# %% tags=["change-this"]
SURE = 0.55  # try 0.5, 0.8, 0.99
with kit.experiment(SURE, as_given=0.55):
    torn = np.zeros(40)
    torn[[10, 30]] = SURE, 1 - SURE
    middle_of = float((torn * np.arange(40)).sum())
    print(f"{SURE} at 10 and {1 - SURE:.2f} at 30:", end=" ")
    print(f"the highest is at {torn.argmax()}, the mean at {middle_of:.1f}")

# %% [markdown]
# ## Five questions
#
# 1. How does a channel of probabilities become a place?
# 2. Why is half a pixel added?
# 3. Why is a distance counted in heads and not in pixels?
# 4. What is the PCK of joints at their average places good for?
# 5. When is the mean place better than the highest pixel, and when is it worse?
#
# The answers: `make lesson N=34 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=34`, `exercises/34_skeleton.py`.
