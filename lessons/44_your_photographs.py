# %% [markdown]
# # 44 · Your own photographs
#
# - **Question.** What may one expect of a trained network on a picture from elsewhere?
# - **Read first.** Lessons 18, 21 and 25: the crop, the regressor, mirror images.
# - **Source.** `minipose/experiments/pose3d/predict.py`, behind `python -m minipose predict`.
# - **Running time.** Under 40 s.
#
# A network knows what it was shown: here, people who walk, without background, seen from chest
# height. This lesson trains a small one and changes one thing after another; what each costs can be
# measured, since of a drawn person the true pose is known. To use a picture of yours, put its name
# here, with the box of the person (x0, y0, x1, y1 in px) and, if you have one, a picture that is
# white on the person:

# %%
PICTURE, BOX, MASK = None, None, None

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import kit
import minipose as mp
import people
import training
from comparison import Comparison
from minipose.datasets.crop import box_of, crop_person
from minipose.experiments.pose3d.data import mirror
from minipose.experiments.pose3d.predict import predict_image
from minipose.losses import joint_distance
from minipose.metrics import joint_errors, mpjpe
from minipose.plots.poses import draw_pose, prepare_axes
from minipose.skeletons import H36M_17_OF_32

store, folder = people.walkers(), Path(tempfile.mkdtemp())
images, joints = training.poses_of(store, store.split()["train"])
joints_mean = joints.mean(axis=0)
images = np.concatenate([images, images[:, :, ::-1]])  # and mirrored (lesson 25)
joints = np.concatenate([joints, mirror(joints.reshape(-1, 17, 3)).reshape(-1, 51)])
net = training.pose_network(joints, seed=0)
training.train_poses(net, images, joints, joint_distance, epochs=3)
net = net.eval()

# %% [markdown]
# ## One path for files
#
# `predict_image` reads, cuts out, blackens, scales and asks the network: lesson 18 and one call.

# %%
posed, plan = people.walk(subject=11, take=2, frames=40, step=9)


def write(name, image, silhouette):  # as two files; with the box of the person
    paths = folder / f"{name}.png", folder / f"{name}_mask.png"
    Image.fromarray(image).save(paths[0])
    Image.fromarray(silhouette.astype(np.uint8) * 255).save(paths[1])
    return *paths, box_of(silhouette)


files, truth = [], []
for frame in range(0, 36, 3):
    image, silhouette, camera = people.photograph(plan, frame)
    files.append(write(f"frame{frame}", image, silhouette))
    space = camera.to_camera(posed.joints[frame])[list(H36M_17_OF_32)]
    truth.append(space - space[0])
picture, mask, box = files[-1]
joints, crop = predict_image(net, picture, box, mask)
by_hand, _ = crop_person(np.asarray(Image.open(picture).convert("L")), box, silhouette)
ours = net(mp.Tensor(by_hand[None, None] * np.float32(1 / 255))).data.reshape(17, 3)
assert np.array_equal(by_hand, crop) and np.allclose(ours, joints, atol=0.01)

# %% [markdown]
# ## One change at a time
#
# Twelve frames of somebody new, with one change each time; and twelve people who do not walk. Here
# it is pictures, not seeds, whose spread says what may be luck.


# %%
def wider(box):
    margin = (box[3] - box[1]) // 5
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def flipped(path, how):
    out = path.with_name(f"{how}_{path.name}")
    Image.open(path).transpose(how).save(out)
    return out


quarter, left_right = Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT
changes = {
    "box and mask": lambda p, m, b: predict_image(net, p, b, m),
    "box 20 % too wide": lambda p, m, b: predict_image(net, p, wider(b), m),
    "background stays": lambda p, m, b: predict_image(net, p, b),
    "whole picture": lambda p, m, b: predict_image(net, p),
    "lying": lambda p, m, b: predict_image(net, flipped(p, quarter), mask=flipped(m, quarter)),
}
changes["not walking"] = changes["box and mask"]
shown, truth = {}, np.stack(truth)
average = joints_mean.reshape(17, 3)
constant = mpjpe(np.broadcast_to(average, truth.shape), truth)
table = Comparison("MPJPE of twelve pictures, mm", constant, "mean pose")
strangers = [people.stranger(k) for k in range(12)]
for name, predict in changes.items():
    chosen, true = files, truth
    if name == "lying":
        true = truth[..., [1, 0, 2]] * [1, -1, 1]  # the true pose is rotated as well
    if name == "not walking":
        chosen = [write(f"stranger{k}", image, s) for k, (image, s, _) in enumerate(strangers)]
        true = np.stack([joints for *_, joints in strangers])
    answers = [predict(*paths) for paths in chosen]  # (joints, crop) each
    poses = np.stack([joints for joints, _ in answers])
    shown[name] = answers[4]
    table.note(name, joint_errors(poses, true).mean(axis=1))
table.show(against="box and mask")
verdicts = {name: table.verdict(name, "box and mask") for name in changes}
assert [verdicts[name] for name in ("whole picture", "lying", "not walking")] == ["worse"] * 3
assert table.mean("box and mask") < constant

# %%
plot = kit.new_plot(9.6, 3.6)
for k, (name, (joints, crop)) in enumerate(shown.items()):
    axes = plot.add_subplot(2, 6, k + 1)
    axes.imshow(crop, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    axes.set_title(name, fontsize=8)
    below = plot.add_subplot(2, 6, k + 7, projection="3d")
    prepare_axes(below)
    draw_pose(below, joints - joints[0])
kit.save_plot(plot, "44_your_photographs")

# %% [markdown]
# So: cut out tightly, remove the background, upright, walking. And a pose may look plausible where
# it is wrong: the network has only ever said plausible poses. Longer training may lower the first
# line; the last ones need other pictures. Real photographs differ from synthetic ones in more than
# these.

# %%
if PICTURE:
    joints, crop = predict_image(net, Path(PICTURE), BOX, Path(MASK) if MASK else None)
    print("mm, relative to the pelvis:", (joints - joints[0]).round())

# %% [markdown]
# ## Change this, predict, run
#
# Mirror the photograph, or make it darker, and keep its mask. How far is the answer from what it
# should be?

# %% tags=["change-this"]
CHANGE = "as it is"  # try "mirrored", "half as bright", "twice as large"
with kit.experiment(CHANGE, as_given="as it is"):
    with Image.open(picture) as opened, Image.open(mask) as opened_mask:
        looks, shape = opened.convert("RGB"), opened_mask.copy()
    if CHANGE == "mirrored":
        looks, shape = looks.transpose(left_right), shape.transpose(left_right)
    elif CHANGE == "half as bright":
        looks = looks.point(lambda value: value // 2)
    elif CHANGE == "twice as large":
        looks = looks.resize((2 * looks.width, 2 * looks.height))
        shape = shape.resize((2 * shape.width, 2 * shape.height))
    looks.save(folder / "changed.png")
    shape.save(folder / "changed_mask.png")
    silhouette = np.asarray(shape) > 0
    said, _ = predict_image(
        net, folder / "changed.png", box_of(silhouette), folder / "changed_mask.png"
    )
    wanted = mirror(truth[-1:]) if CHANGE == "mirrored" else truth[-1:]
    print(f"{CHANGE}: {mpjpe(said[None], wanted):.0f} mm off")

# %% [markdown]
# ## Five questions
#
# 1. What has the network never seen that your photographs have?
# 2. Why does a plausible pose say little about whether it is right?
# 3. Which of the changes above could more training lower, and which could not?
# 4. Why must a photograph's person be cut out tightly?
# 5. You want to use this network for people who sit. What do you need?
#
# The answers: `make lesson N=44 ANSWERS=1`, once you have your own.
