# %% [markdown]
# # 24 · The mystery of the constant poses
#
# - **Question.** Why did report 1's network predict the same pose twelve times in a row?
# - **Read first.** Lessons 21 and 22: the regressor and its error.
# - **Source.** Report 1, section 5: "the network predicts almost a constant pose for k consecutive
#   neighboring ground truth poses (k = 12 mostly in our case)".
# - **Running time.** Under 45 s.
#
# Report 1 ends with a riddle, to be solved by a better network. Its author published some of the
# predictions. If the environment variable LESSONS_SAMPLES names a folder that holds them, we look
# at them; elsewhere we let the synthetic stand-in make the same mistake. First, a magnifying glass
# for any sequence of poses:

# %%
import numpy as np

import kit
import people
import training
from minipose.experiments.pose3d.outputs import predict
from minipose.losses import joint_distance
from minipose.metrics import identical_fraction, mpjpe

HELD = 12


def runs(poses, starts):
    """(first, length) of each stretch of bit-identical poses, within the sequences."""
    firsts = [t for t in range(len(poses)) if t in starts or (poses[t] != poses[t - 1]).any()]
    return list(zip(firsts, np.diff([*firsts, len(poses)])))


def examine(name, predicted, truth, starts):
    """Say what is constant; return the mean error at each place of a run of twelve."""
    fraction = identical_fraction(predicted, starts)
    pairs = set(range(1, len(truth))) - set(starts)
    same = [(predicted[t] == predicted[t - 1]).all() for t in pairs]
    assert np.isclose(fraction, np.mean(same))  # minipose counts as we do
    error = mpjpe(predicted, truth, root_relative=False)
    print(
        f"{name}: {len(truth)} poses, error {error:.2f} mm, {fraction:.1%} of neighbours", end=" "
    )
    print(f"identical; true poses {identical_fraction(truth, starts):.0%}")
    whole = [first for first, length in runs(predicted, starts) if length == HELD]
    if fraction:
        print(f"  {len(whole)} of {len(runs(predicted, starts))} runs are exactly {HELD} long")
    else:
        whole = range(0, len(truth) - HELD + 1, HELD)
    errors = np.linalg.norm(predicted - truth, axis=2).mean(axis=1)
    return np.mean([errors[first : first + HELD] for first in whole], axis=0)


# %% [markdown]
# ## The evidence
#
# In the published predictions, for one walk of Human3.6M, **90.6 % of all neighbours are identical
# to the bit, in runs of 12**, while of the true poses none are. The file is not ours to publish, so
# it does not come with these lessons. Where it is missing, the numbers of this paragraph have to
# do, and the experiment below makes the same mistake anew.

# %%
curves = {}
path = people.real_sample("data", "real", "h36m_report1", "poses_h36m_walking.npz")
if path:
    with np.load(path) as file:
        real, truth, starts = file["predictions"], file["ground_truth"], list(file["block_starts"])
    curves["report 1's own"] = examine("report 1's own", real, truth, starts)
    assert [length for _, length in runs(real, starts)].count(HELD) > 15
else:
    print("report 1's own predictions are not here: the synthetic stand-in has to do")

# %% [markdown]
# A network's answer depends on very many pixels: two pictures of somebody who moves give two
# different answers, if only in the last digit. **Identical to the bit**, and twelve times in a row,
# means that the inputs were identical. So it is the picture that is constant, not the network:
# probably the film was read by jumping to every 12th frame. The poses come from another file and
# moved on.
#
# If so, one picture has twelve labels, and the best that training can do is to aim at their middle.
# The error within a run must be large, small, large: a V. And no network, however good, gets much
# below the distance from the twelve poses to their middle. (We take the mean for it. The place from
# which the mean distance is smallest, the *geometric median*, is near.)

# %%
if path:
    whole = [first for first, length in runs(real, starts) if length == HELD]
    pieces = np.stack([truth[first : first + HELD] for first in whole])  # (runs, 12, 17, 3)
    floor = np.linalg.norm(pieces - pieces.mean(axis=1, keepdims=True), axis=3).mean()
    print("error by place in the run:", curves["report 1's own"].round(1))
    print(f"floor for a perfect network on such pictures: {floor:.1f} mm")
    assert curves["report 1's own"].argmin() in (4, 5, 6)

# %% [markdown]
# ## The experiment
#
# The synthetic stand-in can make the same mistake: `hold=12` shows each picture for twelve labels.
# Two people walk, for some seconds at 50 frames a second; one network learns from held pictures,
# another from distinct ones. Like report 1's author we look at predictions for pictures that were
# trained on.

# %%
predictions = {}
for name, hold in (("held pictures", HELD), ("distinct pictures", 1)):
    store = people.walkers(192, 1, hold, (8, 9), people.CAMERA_NAMES[:1], (1,))
    everything = np.arange(len(store))
    images, joints = training.poses_of(store, everything)
    print(f"{name}: {len({i.tobytes() for i in images})} different pictures of {len(images)}")
    net = training.pose_network(joints, seed=0)
    training.train_poses(net, images, joints, joint_distance, epochs=8)
    walked = store.read("joints_3d", everything).astype(float)
    predictions[name] = predict(net, store, everything).reshape(-1, 17, 3).astype(float)
    curves[name] = examine(name, predictions[name], walked, [0, 192])

# %%
held, distinct = (identical_fraction(predictions[n], [0, 192]) for n in predictions)
assert distinct == 0 and abs(held - (1 - 1 / HELD)) < 0.02
ends = curves["held pictures"][[0, -1]].min()
assert curves["held pictures"].min() < 0.8 * ends  # the V
assert np.ptp(curves["distinct pictures"]) < 0.5 * np.ptp(curves["held pictures"])

# %%
plot = kit.new_plot(9.6, 3)
left, right = plot.add_subplot(1, 2, 1), plot.add_subplot(1, 2, 2)
left.plot(np.arange(96) / 50, walked[:96, 3, 0], color=kit.canvas.TRUTH, label="true")
for (name, poses), colour in zip(predictions.items(), (kit.canvas.PREDICTION, kit.canvas.ACCENT)):
    left.plot(np.arange(96) / 50, poses[:96, 3, 0], color=colour, label=name, linewidth=1.2)
left.set(title="right ankle, x in mm, against time in s", xlabel="s")
left.legend()
colours = [kit.canvas.GREY] * bool(path) + [kit.canvas.PREDICTION, kit.canvas.ACCENT]
for (name, errors), colour in zip(curves.items(), colours):
    right.plot(range(HELD), errors, marker=".", color=colour, label=name)
right.set(title="error in mm by place in a run of 12", ylim=(0, None), xlabel="place")
right.legend()
kit.save_plot(plot, "24_constant_poses")

# %% [markdown]
# The staircase and the V are back, and distinct pictures remove both: same network, poses and
# training. Nothing about the network had to be cured. When a result is *too* regular, look at the
# data first.

# %% [markdown]
# ## Change this, predict, run
#
# Hold each picture for more or fewer labels. What happens to the fraction of identical neighbours,
# and to the floor?

# %% tags=["change-this"]
HOLD = 12  # try 2, 25, 50
with kit.experiment(HOLD, as_given=12):
    middles = []
    for start in (0, 192):
        for first in range(start, start + 192 - HOLD + 1, HOLD):
            part = walked[first : first + HOLD]
            middles.append(np.linalg.norm(part - part.mean(axis=0), axis=2).mean())
    print(f"{1 - 1 / HOLD:.1%} of neighbours identical; floor {np.mean(middles):.1f} mm")

# %% [markdown]
# ## Five questions
#
# 1. Why does a network not say the same to the bit for two different pictures?
# 2. Twelve labels belong to one picture. What is the best that training can aim at?
# 3. Why is the error within a run large, small, large?
# 4. Which experiment shows that the network is not the cause?
# 5. What should one look at first when a result is too regular?
#
# The answers: `make lesson N=24 ANSWERS=1`, once you have your own.
