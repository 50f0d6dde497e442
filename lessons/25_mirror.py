# %% [markdown]
# # 25 · More from the same pictures
#
# - **Question.** Which changes of a picture leave its answer true, and what does one gain by them?
# - **Read first.** Lesson 7: over-fitting. Lessons 18 and 21: the crop and the regressor.
# - **Source.** `minipose/experiments/pose3d/data.py`; the reports train without.
# - **Running time.** Under 60 s.
#
# Pictures with labels are rare, and a network learns by heart what it sees often (lesson 7). So
# show it *other* pictures whose labels one knows: mirrored, brighter, darker. This is
# **augmentation**. The picture is changed, and the label must be changed so that it is true again.
# That is easily got wrong.
#
# ## In the mirror
#
# Mirror a picture at its vertical middle. A joint at the pixel $x$ of 128 is now at $127 - x$. (Not
# $128 - x$: lesson 18, a pixel's centre is a whole number, and the first becomes the last.) In
# space, about the pelvis, $x$ becomes $-x$. And there is a third change: **the left hand is now a
# right hand.** The mirrored picture shows a person whose right hand does what the left one did. So
# left and right joints exchange their places in the list.

# %%
import numpy as np

import kit
import people
import training
from comparison import Comparison
from minipose.experiments.pose3d.data import mirror
from minipose.experiments.pose3d.outputs import predict_images
from minipose.losses import joint_distance
from minipose.metrics import mpjpe
from minipose.plots.crops import draw_joints
from minipose.skeletons import H36M_17, H36M_17_EDGES
from minipose.targets.windows import window_labels

store = people.walkers()
frames = store.split(limit=160)["train"]
images, joints = training.poses_of(store, frames)
keypoints = store.read("keypoints_2d", frames)


def partner(name):
    """The same joint on the other side."""
    if name.startswith("left"):
        return name.replace("left", "right")
    return name.replace("right", "left")


def mirrored_by_hand(joints):
    """(17, 2) px or (17, 3) mm, as in the mirrored picture."""
    out = np.zeros_like(joints)
    for i, name in enumerate(H36M_17):
        out[i] = joints[H36M_17.index(partner(name))]
        out[i, 0] = 127 - out[i, 0] if joints.shape[1] == 2 else -out[i, 0]
    return out


space = joints.reshape(-1, 17, 3)
for numbers in (keypoints, space):
    ours = np.stack([mirrored_by_hand(pose) for pose in numbers])
    assert np.array_equal(ours, mirror(numbers))
    assert np.allclose(mirror(mirror(numbers)), numbers, atol=1e-4)
print("left and right exchanged, x negated: as minipose does it, and twice gives what was there")

# %% [markdown]
# Three tests that do not need the formula. A body stays a body: mirrored bones have their partners'
# lengths. The windows of the mirrored joints are the mirrored windows. And the light of a joint's
# pixel is where the formula says:

# %%
i = 7
bones = {}
for name, pose in (("as it is", space[i]), ("mirrored", mirror(space[i : i + 1])[0])):
    bones[name] = {
        (H36M_17[a], H36M_17[b]): np.linalg.norm(pose[a] - pose[b]) for a, b in H36M_17_EDGES
    }
for (a, b), length in bones["as it is"].items():
    assert np.isclose(bones["mirrored"][partner(a), partner(b)], length, atol=1e-3)
windows = window_labels(keypoints).reshape(-1, 17, 10, 10)
swapped = windows[:, [H36M_17.index(partner(name)) for name in H36M_17], :, ::-1]
same = np.mean(window_labels(mirror(keypoints)).reshape(windows.shape) == swapped)
print(f"windows of mirrored joints are mirrored windows: {same:.3%} of all")
assert same > 0.999
spot = np.zeros((128, 128))
spot[40, 30] = 1
row, column = np.argwhere(spot[:, ::-1])[0]
assert (column, row) == (127 - 30, 40)

# %% [markdown]
# ## What does one gain?
#
# The regressor of lesson 21 with 160 pictures; the same and their mirror images; and with mirror
# images whose left and right were *not* exchanged. Each sees the same number of pictures in all.
# Three seeds, and subject 11, never seen.

# %%
new = store.split()["test"]
new_images, true = store.read("images", new), store.read("joints_3d", new)
average = joints.mean(axis=0).reshape(17, 3)
constant = mpjpe(np.broadcast_to(average, true.shape), true)
careless = space * np.float32([-1, 1, 1])  # x negated, names kept
flipped = images[:, :, ::-1]


def both(labels):
    return np.concatenate([images, flipped]), np.concatenate([joints, labels.reshape(-1, 51)])


SETS = {
    "as they are": (images, joints, 8),
    "and mirrored": (*both(mirror(space)), 4),
    "mirrored, names kept": (*both(careless), 4),
}


def train(name, seed, gain=None):
    """A regressor; with ``gain``, each picture's brightness is multiplied by 1 ± up to that."""
    pictures, labels, epochs = SETS[name]
    if gain:
        factors = np.random.default_rng(seed).uniform(1 - gain, 1 + gain, (len(pictures), 1, 1))
        pictures = np.clip(pictures * factors, 0, 255).astype(np.uint8)
    net = training.pose_network(labels, seed)
    return training.train_poses(net, pictures, labels, joint_distance, epochs, seed)


def error(net, brightness=1.0):
    pictures = (new_images * brightness).astype(np.uint8)
    return mpjpe(predict_images(net, pictures).reshape(-1, 17, 3), true)


nets = {(name, seed): train(name, seed) for name in SETS for seed in (0, 1, 2)}
table = Comparison("subject 11, mm off", constant, "mean pose")
for name in SETS:
    table.note(name, [error(nets[name, seed]) for seed in (0, 1, 2)])
table.show(against="as they are")
assert table.verdict("mirrored, names kept", "and mirrored") == "worse"

# %% [markdown]
# Labels that are wrong in half of the pictures cost much, and nothing crashed. Whether the right
# mirror images *help* in so short a training, the table says, not the textbook: they are only half
# new, since a person who walks to the left is soon followed by one who walks to the right.
#
# ## In other light
#
# Which changes are allowed depends on what should not matter. Make subject 11's pictures half as
# bright. One network has seen pictures as they are, another with brightness times 0.4 to 1.6:

# %%
dark = Comparison("subject 11 in half the light, mm off", constant, "mean pose", paired=True)
dark.note("as they are", [error(nets["as they are", seed], 0.5) for seed in (0, 1, 2)])
dark.add("brightness varied", lambda seed: error(train("as they are", seed, gain=0.6), 0.5))
dark.show(against="as they are")
print("worth it?", dark.verdict("brightness varied", "as they are"))
assert dark.mean("as they are") > table.mean("as they are")  # darkness does cost something

# %%
plot = kit.new_plot(9.4, 3.4)
grid = plot.add_gridspec(1, 4, width_ratios=(1, 1, 0.5, 2))
for k, (title, picture, places) in enumerate(
    (
        ("left green, right orange", images[i], keypoints[i]),
        ("mirrored: left and right exchange", flipped[i], mirror(keypoints[i : i + 1])[0]),
    )
):
    axes = plot.add_subplot(grid[k])
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    draw_joints(axes, places, size=12)
    axes.set_axis_off()
    axes.set_title(title, fontsize=8)
table.draw(plot.add_subplot(grid[3]))
kit.save_plot(plot, "25_mirror")

# %% [markdown]
# Half the light costs the network some millimetres, and whether it wins them back by having seen
# other light, the verdict says. An augmentation answers a fear; measure whether the fear is
# justified before you pay for it.
#
# What must *not* be done here: rotate by 90° (people stand), stretch (bones change), crop tightly
# (joints leave). An augmentation is a statement about the world: "this, too, is a picture that may
# come". `make train-h36m` mirrors half of its pictures and varies their light by ± 30 %.

# %% [markdown]
# ## Change this, predict, run
#
# How far off is a network if its pictures are darker or brighter than those it was trained on? One
# has seen no change of light, one has.

# %% tags=["change-this"]
LIGHT = 0.5  # try 0.8, 1.0, 0.25
with kit.experiment(LIGHT, as_given=0.5):
    plain = error(nets["as they are", 0], LIGHT)
    varied = error(train("as they are", 0, gain=0.6), LIGHT)
    print(f"brightness × {LIGHT}: {plain:.1f} mm, and {varied:.1f} if light was varied in training")

# %% [markdown]
# ## Five questions
#
# 1. Which three changes does a mirrored pose need?
# 2. Why $127 - x$ and not $128 - x$?
# 3. Left and right are not exchanged. What would the network learn from such pictures?
# 4. Name a change of a picture that is right for cats and wrong for poses.
# 5. What does an augmentation claim about the world?
#
# The answers: `make lesson N=25 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=25`, `exercises/25_mirror.py`.
