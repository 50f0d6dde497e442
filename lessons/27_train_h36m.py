# %% [markdown]
# # 27 · The real job: `make train-h36m`
#
# - **Question.** What does the whole job do, and what does each line of its report say?
# - **Read first.** Lessons 16, 20 to 24 and 26.
# - **Source.** Report 1; `minipose/experiments/pose3d/job.py`.
# - **Running time.** Under 60 s.
#
# All parts are known: the store, the detector, the transfer, the regressor, the loop with its
# checkpoints, the error in mm. `make train-h36m` puts them together. In full size it takes a few
# minutes; here the very same program runs with fewer pictures and epochs. Everything else that the
# command takes is a flag, and `python -m minipose train h36m --help` lists them.

# %%
import csv
import json
import re
import tempfile
from pathlib import Path

import numpy as np

import kit
import people
from minipose.cli import main
from minipose.experiments.pose3d.outputs import predict
from minipose.metrics import identical_fraction, joint_errors, mpjpe, pa_mpjpe
from minipose.models import PoseNet
from minipose.skeletons import H36M_17
from minipose.training import checkpoint

store = people.walkers()
LIMIT, EPOCHS = 320, 5
out = Path(tempfile.mkdtemp()) / "run"
flags = f"--recipe quick --detection-epochs 1 --epochs {EPOCHS} --limit {LIMIT} --seed 0"
status = main(["train", "h36m", "--data", str(store.path), "--out", str(out), *flags.split()])
assert status in (0, None)

# %% [markdown]
# ## What a run leaves

# %%
for path in sorted(out.iterdir()):
    print(f"{path.name:22} {path.stat().st_size / 1e6:6.2f} MB")
report = (out / "report.md").read_text(encoding="utf-8")
table = re.findall(r"^\|.*\|$", report, flags=re.M)
rows = {}  # name -> numbers; of rows with one name the first counts
for line in table:
    name, *rest = line.strip("| ").split(" | ")
    rows.setdefault(name, rest)

# %% [markdown]
# `config.toml` is what was chosen, so that the run can be repeated. `log.csv` has a line an epoch.
# `last.npz` is there to go on, `best.npz` to be used: the epoch with the lowest error on
# **validation** (lesson 7). Which one was it?

# %%
with open(out / "log.csv", encoding="utf-8", newline="") as file:
    log = list(csv.DictReader(file))
for row in log:
    print(
        f"epoch {row['epoch']}: loss {row['train_loss']}, validation {row['validation_mpjpe_mm']}"
    )
best = min(log, key=lambda row: float(row["validation_mpjpe_mm"]))
arrays, meta = checkpoint.read(out / "best.npz")
print("best.npz is of epoch", best["epoch"])

# %% [markdown]
# ## The report, line by line
#
# Read `report.md` as if somebody else had written it, and compute each number anew, from the
# network in `best.npz` and the store.

# %%
layers = {"hidden": (512, 512), "normalise": True}  # batch norm (lesson 14), as config.toml has it
net = PoseNet((5, 10, 15), "regression", rng=np.random.default_rng(9), **layers)
checkpoint.load(out / "best.npz", net)
split = store.split(limit=LIMIT)
said, true = {}, {}
for part, frames in split.items():
    said[part] = predict(net, store, frames).reshape(-1, 17, 3)
    true[part] = store.read("joints_3d", frames)
average = true["train"].mean(axis=0)
print(table[0])
columns = table[0].strip("| ").split(" | ")[1:]
ours = ["frames", "MPJPE, mm", "PA-MPJPE, mm", "mean pose, mm", "ratio"]
for part in split:
    print("|", part, "|", " | ".join(rows[part]))
    row = dict(zip(columns, rows[part], strict=False))
    frames, error, aligned, baseline, ratio = (float(row[name]) for name in ours)
    constant = mpjpe(np.broadcast_to(average, true[part].shape), true[part])
    assert frames == len(split[part])
    assert abs(error - mpjpe(said[part], true[part])) < 0.02
    assert abs(aligned - pa_mpjpe(said[part], true[part])) < 0.02
    assert abs(baseline - constant) < 0.02 and abs(ratio - error / constant) < 0.002

# %% [markdown]
# **frames**: how many pictures each number is a mean of. Few frames, uncertain numbers. **MPJPE**
# (lesson 22): the mean distance of joints in mm. **report 1**: what it had, on other data.
# **PA-MPJPE**: after the best rotation, size and shift; if it is far below, poses are right and
# only turned. **mean pose**: the constant baseline, the mean training pose for every picture.
# **ratio**: the error as a fraction of it. 1 says that nothing was found in the pictures. Now read
# down: *train* to *validation* is the gap of over-fitting (lesson 7), *validation* to *test* the
# step to a person never seen.
#
# **Identical predictions** (lesson 24): above 0 they would say that pictures repeat.

# %%
print(re.search(r"^Identical.*$", report, flags=re.M)[0])
assert identical_fraction(said["test"]) == 0

# %% [markdown]
# **The joints.** The pelvis is 0 by definition, and counts. What is far from it is hard: wrists and
# ankles move most, and are the thinnest in the picture.

# %%
each = joint_errors(said["test"], true["test"]).mean(axis=0)
for j, name in enumerate(H36M_17):
    assert abs(float(rows[name][0].split()[0]) - each[j]) < 0.06
far = np.argsort(each)
print("easiest:", ", ".join(f"{H36M_17[j]} {each[j]:.0f}" for j in far[:3]), "mm")
print("hardest:", ", ".join(f"{H36M_17[j]} {each[j]:.0f}" for j in far[-3:]), "mm")
of_mean = joint_errors(np.broadcast_to(average, true["test"].shape), true["test"]).mean(axis=0)
gained = 1 - each[1:] / of_mean[1:]
top = np.argsort(gained)[::-1][:3] + 1
print("most gained on the mean pose:", ", ".join(f"{H36M_17[j]} {gained[j - 1]:.0%}" for j in top))

# %% [markdown]
# **Subjects, actions and cameras.** If one person or one camera were much worse, something would be
# wrong with its files (lesson 26). **Heights**: bones added up, beside the mean height, which needs
# no picture. The last line names the versions of everything: numbers of a report without them
# cannot be repeated. `report.json` has the same numbers for programs.

# %%
numbers = json.loads((out / "report.json").read_text(encoding="utf-8"))
assert abs(numbers["splits"]["test"]["mpjpe_mm"] - mpjpe(said["test"], true["test"])) < 1e-2
cameras = store.labels["camera"][split["test"]]
by_camera = {
    int(c): mpjpe(said["test"][cameras == c], true["test"][cameras == c])
    for c in np.unique(cameras)
}
print("test by camera:", {c: round(e, 1) for c, e in by_camera.items()})

plot = kit.new_plot(9, 3.4)
left, right = plot.subplots(1, 2)
right.set_axisbelow(True)
epochs = [int(row["epoch"]) for row in log]
curve = [float(row["validation_mpjpe_mm"]) for row in log]
left.plot(epochs, curve, marker="o", color=kit.canvas.ACCENT, label="validation")
baseline = float(rows["validation"][3])
left.axhline(baseline, color=kit.canvas.GREY, linestyle="--", label="mean pose")
left.set(title="error by epoch, mm", xlabel="epoch", ylim=(0, None), xticks=epochs)
left.legend(loc="lower left")
right.barh([H36M_17[j] for j in far], of_mean[far], color="#d5d9de", label="mean pose")
right.barh(
    [H36M_17[j] for j in far], each[far], color=kit.canvas.PREDICTION, height=0.4, label="found"
)
right.set(title="test, error of each joint, mm")
right.tick_params(axis="y", labelsize=7)
right.legend(loc="lower right")
kit.save_plot(plot, "27_train_h36m")

# %% [markdown]
# Now run it in full: `make train-h36m`, some minutes on two cores. On the synthetic people, S11 was
# off by 44 mm, where the mean pose is off by 169 (`docs/pose_3d.md`): there somebody else walks in
# every take, 94 people in all. Read that report as you read this one: first the baseline, then the
# gaps, then the joints. `make train-h36m DATA=/path/to/human36m` does the same with the real films.

# %% [markdown]
# ## Change this, predict, run
#
# The report splits the errors by subject and by camera. Split the test errors by something else,
# and say what you learn from the spread of the groups.

# %% tags=["change-this"]
GROUP = "camera"  # try "subaction", "frame", "distance of the wrists"
with kit.experiment(GROUP, as_given="camera"):
    errors = joint_errors(said["test"], true["test"]).mean(axis=1)
    if GROUP == "distance of the wrists":
        apart = np.linalg.norm(true["test"][:, 13] - true["test"][:, 16], axis=1)
        groups = np.digitize(apart, np.quantile(apart, [0.25, 0.5, 0.75]))
    elif GROUP == "frame":
        groups = store.labels["frame"][split["test"]] // 50  # by the second
    else:
        groups = store.labels[GROUP][split["test"]]
    for group in np.unique(groups):
        some = errors[groups == group]
        doubt = some.std() / max(1, len(some)) ** 0.5
        print(f"{GROUP} {group}: {some.mean():.1f} ± {doubt:.1f} mm, {len(some)} frames")

# %% [markdown]
# ## Five questions
#
# 1. Which file of a run is used to go on, which to predict, and how is the second chosen?
# 2. The ratio is 0.97. What has the network learned?
# 3. PA-MPJPE is half of MPJPE. What does that say about the poses?
# 4. Train 52, validation 55, test 71 mm: which step costs what?
# 5. Why is the pelvis's 0 mm in the mean?
#
# The answers: `make lesson N=27 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=27`, `exercises/27_train_h36m.py`.
