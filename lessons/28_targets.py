# %% [markdown]
# # 28 · What the second network should say
#
# - **Question.** How do files of OpenPose and Mask R-CNN become pictures that a network can
#   imitate?
# - **Read first.** Nothing new; this chapter begins report 2's job.
# - **Source.** Report 2, sections II-A, II-B and II-D 3.
# - **Running time.** Under 10 s.
#
# Report 2 wants more than a pose: which pixels are the person, and where in the *picture* are 25
# joints? Nobody drew that by hand for 18,600 pictures. Two large published networks did: OpenPose
# wrote the joints of each picture into a JSON file, Mask R-CNN painted the person. What they say is
# taken as the truth.
#
# ## A keypoint file
#
# For each person 75 numbers: x, y in px and a confidence, 25 times. A joint that was not found is
# `0, 0, 0`. The synthetic stand-in has such files of people that it has drawn:

# %%
import json
import math
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import kit
import people
from data_tools.people.masks import read_mask
from data_tools.people.openpose import joints_found, read_people
from data_tools.people.rle import decode
from data_tools.twin import people as drawn_people
from minipose.plots.people import heatmap_pair
from minipose.skeletons import BODY_25
from minipose.targets.heatmaps import class_map, expand, heatmap, joint_targets

folder, NUMBER = Path(tempfile.mkdtemp()), 6
drawn_people.write(folder, NUMBER + 1, workers=1)
keypoint_file = sorted((folder / "keypoints").iterdir())[NUMBER]
numbers = json.loads(keypoint_file.read_text())["people"][0]["pose_keypoints_2d"]
found = [(numbers[3 * j], numbers[3 * j + 1], numbers[3 * j + 2]) for j in range(25)]
assert np.array_equal(read_people(keypoint_file)[0], found)
for j in (0, 1, 4, 15):
    x, y, confidence = found[j]
    print(f"{BODY_25[j]:12} x {x:6.1f}  y {y:6.1f}  confidence {confidence:.2f}")
count = sum(c > 0 for _, _, c in found)
print(f"{count} of 25 found; report 2 keeps pictures of one person with 22 or more")
assert count == joints_found(np.array(found))

# %% [markdown]
# ## A mask file
#
# A mask may come as a picture, white on the person: above 200 of 255 counts, since JPEG smears the
# edges. Or as **run lengths**, as in COCO, a large collection of labelled photographs: down the
# columns, the number of pixels without, the number with, and so on.

# %%
mask_file = sorted((folder / "masks").iterdir())[NUMBER]
grey = np.asarray(Image.open(mask_file))
assert np.array_equal(read_mask(mask_file), grey > 200)

small = (grey > 200)[10:60, 20:70]
counts, last, run = [], False, 0
for column in range(small.shape[1]):
    for row in range(small.shape[0]):
        if small[row, column] != last:
            counts.append(run)
            run, last = 0, bool(small[row, column])
        run += 1
counts.append(run)
print(f"{small.size} pixels in {len(counts)} runs, the first: {counts[:6]}")
assert np.array_equal(decode({"size": list(small.shape), "counts": counts}), small)

# %% [markdown]
# ## Joints as a landscape
#
# A network that says something for every pixel needs a target for every pixel. Put a 1 in each
# joint's pixel, 0 elsewhere, and blur: each joint becomes a small hill, a **Gaussian** with
# $\sigma = 1$ px,
#
# $$b(x, y) = \sum_j \frac{1}{Z}\, e^{-\left((x - x_j)^2 + (y - y_j)^2\right)/2\sigma^2}$$
#
# where $Z$ makes a hill's sum 1. A nearly right answer is then nearly right. The **heatmap** is the
# blur, scaled to reach 100.
#
# Which pixel is a joint's? By lesson 18, where a pixel's centre is a whole number, 17.8 belongs to
# pixel 18: one rounds. Report 2 takes the *integer part*, 17. On average that is half a pixel too
# far left and up, in every label, so it is learned faithfully. We do as the report does, and put
# the half back when a place is read from a network's answer (lesson 34).

# %%
person = people.small_person(NUMBER, side=64)
height, width = person.mask.shape
joints = []  # (class, x, y): the pixel of each joint that was found
for j, (x, y, confidence) in enumerate(person.keypoints):
    if confidence > 0:
        joints.append((j + 1, math.floor(x), math.floor(y)))
reach = 4  # px; further away a Gaussian with σ = 1 is nothing
bell = [math.exp(-(d * d) / 2) for d in range(-reach, reach + 1)]
bell = [value / sum(bell) for value in bell]
blur = np.zeros((height + 2 * reach, width + 2 * reach))
for _, x, y in joints:
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            blur[y + dy, x + dx] += bell[dy] * bell[dx]
inner = np.s_[reach : height + reach, reach : width + reach]
edge = min(min(x, y, width - 1 - x, height - 1 - y) for _, x, y in joints)
by_loops = 100 * blur[inner] / blur[inner].max()
print(f"{len(joints)} joints, none nearer to the border than {edge} px;", end=" ")
print(f"height of a hill before it is scaled {bell[reach] ** 2:.3f}")
target = heatmap(person.keypoints, (height, width))
assert edge >= reach and np.allclose(by_loops, target, atol=1e-3)

# %% [markdown]
# The heatmap does not tell *which* joint a hill is. So the second kind of target is a **map of
# classes**: where the blur exceeds 0.01, the number of the nearest joint, 1-25; 0 elsewhere, for
# the background.

# %%
classes = np.zeros((height, width), int)
for y, x in zip(*np.nonzero(blur[inner] > 0.01)):
    distances = [(jx - x) ** 2 + (jy - y) ** 2 for _, jx, jy in joints]
    classes[y, x] = joints[np.argmin(distances)][0]
assert np.array_equal(classes, class_map(person.keypoints, (height, width)))

hot = expand(classes)  # (26, H, W): channel c is 1 where the class is c
values = joint_targets(person.keypoints, (height, width))[1]
soft = expand(classes, values)  # the hills instead of ones
size = (classes > 0).sum() / len(joints)
print(f"background: {hot[0].mean():.1%} of the pixels; a joint: {size:.1f} px")
here = classes > 0
assert (hot.sum(axis=0) == 1).all() and np.allclose(soft[1:].sum(axis=0)[here], values[here])

# %%
path = kit.plot_folder() / "28_targets.png"
kit.show_plot(
    heatmap_pair(person.image, target, classes, path),
    "A drawn person, the heatmap of all joints as blurred dots, and the pixels of each joint.",
)

# %% [markdown]
# ## Change this, predict, run
#
# Where does a pixel belong to a joint? Report 2 first took every pixel with a blur above zero, and
# got squares. Raise and lower the threshold: how many pixels has a joint?

# %% tags=["change-this"]
THRESHOLD = 0.01  # try 0.0, 0.001, 0.05, 0.2
with kit.experiment(THRESHOLD, as_given=0.01):
    single = np.zeros((25, 3))
    single[0] = 20, 20, 1
    region = class_map(single, (41, 41), THRESHOLD) > 0
    rows, columns = np.nonzero(region)
    print(f"above {THRESHOLD}: {len(rows)} pixels of a joint")
    for row in range(15, 26):
        print("".join("#" if region[row, column] else "." for column in range(15, 26)))

# %% [markdown]
# ## Five questions
#
# 1. Who made the labels of report 2?
# 2. How does a run-length mask describe 10 empty pixels, 3 of a person and 7 empty ones?
# 3. Why is a joint blurred and not a single pixel with 1?
# 4. What does the class map say that the heatmap does not?
# 5. A joint is at x = 17.8. At which pixel is it drawn, and which place should be read from there?
#
# The answers: `make lesson N=28 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=28`, `exercises/28_targets.py`.
