# %% [markdown]
# # 26 · From a folder of files to a store
#
# - **Question.** How do some thousand films, poses and masks become arrays to train on, and which
#   part of them may be kept for the test?
# - **Read first.** Lessons 17 and 18: joints, cameras, the crop.
# - **Source.** Report 1, section 3; `data_tools/h36m/importing.py`, `minipose/datasets/h36m.py`.
# - **Running time.** Under 25 s.
#
# Nobody's data come as one array. Human3.6M is a folder with a folder for each person, with films,
# poses in space, poses in pictures and silhouettes, each in a format of its own, named by people.
# Most of the work of a project like this is here, and most of its errors. The synthetic stand-in
# writes the same files, so the same importer is used:

# %%
import contextlib
import io
import tempfile
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

import kit
import people
from data_tools.h36m.importing import import_raw
from data_tools.h36m.readers import read_poses
from data_tools.h36m.tree import find_views, number_takes
from data_tools.twin.camera.placement import cameras_for
from data_tools.twin.h36m import SUBJECTS, write
from minipose.datasets.cameras import CAMERA_NAMES
from minipose.datasets.crop import box_of, crop_person
from minipose.datasets.h36m import CHUNK, H36MStore, shuffled_pools
from minipose.skeletons import H36M_17_OF_32

folder = Path(tempfile.mkdtemp())
raw = folder / "raw"
write(raw, subjects=(1, 11), frames=3, step=9, workers=1, report=lambda *_: None)
files = sorted(path.relative_to(raw) for path in raw.rglob("*") if path.is_file())
print(len(files), "files; those of one walk and one camera:")
for path in files:
    if "S1/" in str(path) and "Walking 1" in str(path) and "54138969" in str(path):
        print("  ", path)

# %% [markdown]
# ## Three things that go wrong
#
# **Names.** Everybody walked twice. For most people the takes are called "Walking 1" and "Walking",
# for one "Walking 1" and "Walking 2". Whoever sorts by name and numbers from 1 pairs the wrong film
# with the wrong poses, and nothing crashes.

# %%
for names in (["Walking", "Walking 1"], ["Walking 1", "Walking 2"]):
    print(names, "are the takes", number_takes(names))
assert number_takes(["Walking", "Walking 1"]) == {"Walking 1": 1, "Walking": 2}

# %% [markdown]
# **Lengths.** Films and poses were recorded by different machines and do not always have the same
# number of frames. The importer takes the shortest and says so. Take a picture away:

# %%
views = find_views(raw, (1, 11), ("Walking",))
view = next(v for v in views if v.subject == 1 and v.subaction == 1)
last = sorted(view.pictures.iterdir())[-1]
last.rename(folder / "taken_away")
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
    count = import_raw(raw, folder / "store.h5", (1, 11), ("Walking",), workers=1)
print(*(line for line in said.getvalue().splitlines() if "trimmed" in line), sep="\n")
store = H36MStore(folder / "store.h5")
assert count == len(store) == 3 * 16 - 1 and "trimmed to 2" in said.getvalue()

# %% [markdown]
# **Meaning.** "Pose" may be in the room or in the camera's axes, of 32 joints or of 17; a mask may
# be upside down. So the only good test is to follow one frame by hand, from the files to the store:

# %%
poses = read_poses(view.pose_3d, 3)  # (frames, 32, 3) mm, in the camera's axes
by_hand = poses[0][list(H36M_17_OF_32)]
by_hand = by_hand - by_hand[0]
assert np.allclose(store.read("joints_3d", np.array([0]))[0], by_hand, atol=1e-3)
picture = np.asarray(Image.open(sorted(view.pictures.iterdir())[0]).convert("L"))
with h5py.File(view.silhouette) as file:  # a MATLAB file is an HDF5 file, its arrays are transposed
    silhouette = np.asarray(file[file["Masks"][0, 0]]).T > 0
crop, _ = crop_person(picture, box_of(silhouette), silhouette)
gap = np.abs(crop.astype(int) - store.read("images", np.array([0]))[0].astype(int))
print(f"frame 0 by hand and in the store: crops differ by at most {gap.max()} of 255")
assert gap.max() <= 1

# %% [markdown]
# ## Why one file of arrays
#
# The store holds all crops, joints and labels, one row a frame, in *chunks* of some rows that are
# read together. A training wants the frames in random order. Drawn one by one, each frame costs a
# chunk. So minipose draws chunks at random, some at a time, and shuffles the frames of those: each
# chunk is read once an epoch, and the memory holds a pool of them, not the data set.

# %%
walkers = people.walkers()
frames = np.arange(len(walkers))
rng = np.random.default_rng(0)
pools = list(shuffled_pools(frames, 32, rng, span=4))
chunks = sum(len(np.unique(pool // CHUNK)) for pool in pools)
print(f"{len(frames)} frames in chunks of {CHUNK}: one by one {len(frames)} reads,", end=" ")
print(f"in {len(pools)} pools {chunks}")
assert chunks < len(frames) / 8
assert len(np.unique(np.concatenate(pools))) == sum(map(len, pools))  # each frame once

# %% [markdown]
# ## What may be kept for the test?
#
# A film at 50 frames a second shows nearly the same picture fifty times a second. If single *rows*
# are drawn for the test, each has a twin in the training, and the error says how well the network
# remembers: the field calls this *leakage*. So whole takes are kept, or whole people. For each
# held-out pose, how far is the most similar training pose? Four seconds of each of two takes of
# seven people, every frame (poses need no drawing):

# %%
space, subject, take = [], [], []
for who in SUBJECTS:
    for number in (1, 2):
        posed, _ = people.walk(who, number, frames=200, step=1)
        joints = cameras_for(who)[CAMERA_NAMES[0]].to_camera(posed.joints)[:, H36M_17_OF_32]
        space.append(joints - joints[:, :1])
        subject += [who] * 200
        take += [number] * 200
space, subject, take = np.concatenate(space), np.array(subject), np.array(take)


def held_out(way):
    """Which of the 2800 frames are kept for the test."""
    if way == "rows":
        return np.random.default_rng(1).random(len(space)) < 0.15
    if way == "takes":
        return (take == 2) & np.isin(subject, (5, 8))
    return subject == 11


def nearest(way):
    """For every fourth held-out pose the mean distance of joints to the nearest other pose, mm."""
    out = held_out(way)
    known = space[~out]
    some = space[out][::4]
    return np.array([np.linalg.norm(known - p, axis=2).mean(axis=1).min() for p in some])


similar = {way: nearest(way) for way in ("rows", "takes", "persons")}
for way, distances in similar.items():
    print(f"held out by {way:8} the nearest training pose is {np.median(distances):5.1f} mm away")
assert np.median(similar["rows"]) < 0.5 * np.median(similar["takes"])
assert np.median(similar["rows"]) < 0.5 * np.median(similar["persons"])

split, labels = walkers.split(), walkers.labels
taken = {
    part: {(int(labels["subject"][i]), int(labels["subaction"][i])) for i in rows}
    for part, rows in split.items()
}
print("minipose's split, (subject, take):", {part: sorted(pairs) for part, pairs in taken.items()})
assert not taken["train"] & taken["validation"] and {s for s, _ in taken["test"]} == {11}

# %%
plot = kit.new_plot(7, 3)
axes = plot.add_subplot()
colours = (kit.canvas.GREY, kit.canvas.ACCENT, kit.canvas.PREDICTION)
for (way, distances), colour in zip(similar.items(), colours):
    order = np.sort(distances)
    axes.plot(order, np.linspace(0, 100, len(order)), color=colour, label=f"held out by {way}")
axes.set(
    title="how near is the most similar training pose?",
    xlabel="mm",
    ylabel="% of held-out poses",
    xlim=(0, None),
)
axes.legend()
kit.save_plot(plot, "26_store")

# %% [markdown]
# minipose splits by whole takes (validation: S5 and S8) and by people (test: S11), as report 1 does
# with its subjects.

# %% [markdown]
# ## Change this, predict, run
#
# Hold out rows, takes or persons: for how many of the held-out poses is there a training pose
# within 10 mm? Predict the order before you look.

# %% tags=["change-this"]
HELD_OUT_BY = "rows"  # try "takes", "persons"
with kit.experiment(HELD_OUT_BY, as_given="rows"):
    distances = nearest(HELD_OUT_BY)
    print(
        f"{len(distances)} poses held out by {HELD_OUT_BY}: {np.mean(distances < 10):.0%} have a",
        end=" ",
    )
    print(f"training pose within 10 mm; the loneliest is {distances.max():.0f} mm away")

# %% [markdown]
# ## Five questions
#
# 1. Why must takes be numbered with care?
# 2. A film has 3115 frames and its poses 1612. What does a careful importer do?
# 3. How can one know that a frame of the store is right?
# 4. Why are frames not drawn from the file one by one?
# 5. Why are whole takes or people held out, and not rows?
#
# The answers: `make lesson N=26 ANSWERS=1`, once you have your own.
