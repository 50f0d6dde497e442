# %% [markdown]
# # 21 · From detector to regressor
#
# - **Question.** How do 51 coordinates, in mm, come out of a picture, and what can the detector
#   lend?
# - **Read first.** Lesson 20: the detector. Lesson 17: what the 51 numbers are.
# - **Source.** Report 1, sections 4.1 and 4.3, eq. 2 and 6.
# - **Running time.** Under 40 s.
#
# The regressor has the detector's shape with 51 outputs instead of 1700. An output may be any
# number, so there is no probability: the loss is the squared distance of each joint from its
# place (eq. 2), and eq. 6 sums it over joints and pictures and halves it. minipose divides by the
# number of pictures $T$, as the report's eq. 7 does with the derivative:
#
# $$\phi = \frac1T\sum_{t}\frac12\sum_{i=1}^{17}\|R_i - \hat R_i\|^2,
#   \qquad \frac{\partial\phi}{\partial\hat R} = \frac{\hat R - R}{T}$$
#
# The ½ is there to cancel the 2 of the derivative. The report's *code* minimised the mean distance
# itself, $\|R_i - \hat R_i\|$ without the square. That is exactly the error in mm that it reports
# later, and a few large errors do not outweigh all others. minipose has both:

# %%
import numpy as np

import kit
import minipose as mp
import people
import training
from minipose.experiments.pose3d.outputs import predict
from minipose.losses import joint_distance, joint_squared_error, window_cross_entropy
from minipose.metrics import mpjpe
from minipose.models import PoseNet
from minipose.plots.curves import learning_curves
from minipose.plots.poses import predictions_beside_truth
from minipose.targets.windows import window_labels

rng = np.random.default_rng(0)
guess, truth = rng.normal(0, 300, (2, 4, 17, 3))
squared = distance = 0.0
for t in range(4):
    for i in range(17):
        gap = sum((truth[t, i, k] - guess[t, i, k]) ** 2 for k in range(3))
        squared += gap / 2 / 4
        distance += gap**0.5 / (4 * 17)
tensor = mp.Tensor(guess, requires_grad=True)
loss = joint_squared_error(tensor, truth)
loss.backward()
assert np.isclose(loss.item(), squared) and np.allclose(tensor.grad, (guess - truth) / 4)
assert np.isclose(joint_distance(mp.Tensor(guess), truth).item(), distance)
print(f"squared (eq. 6) {squared:.0f} mm², distance {distance:.1f} mm")

# %% [markdown]
# Their derivatives differ in one point that matters. Pull one joint away:

# %%
for off in (10.0, 100.0, 1000.0):
    joint = mp.Tensor(np.array([[off, 0.0, 0.0]]), requires_grad=True)
    pulls = []
    for loss in (joint_squared_error, joint_distance):
        joint.grad = None
        loss(joint, np.zeros((1, 3))).backward()
        pulls.append(joint.grad[0, 0])
    print(f"{off:6.0f} mm off: squared pulls with {pulls[0]:6.0f}, distance with {pulls[1]:.2f}")
    assert np.allclose(pulls, [off, 1.0])

# %% [markdown]
# ## What is transferred
#
# Edges, limbs, outlines: what the convolutions of the detector found useful should serve the
# regressor, too. So report 1 trains the detector first and begins the regressor with its three
# convolutions. The fully connected layers start afresh, since their outputs mean something else.
# `training.train_poses` is lesson 20's loop. To transfer is to copy arrays:

# %%
store = people.walkers()
split = store.split(limit=320)
images, joints = training.poses_of(store, split["train"])
labels = window_labels(store.read("keypoints_2d", split["train"]))
detector = PoseNet(head="detection", rng=np.random.default_rng(1))
training.train_poses(detector, images, labels, window_cross_entropy, epochs=2)

net, other = training.pose_network(joints, seed=0), training.pose_network(joints, seed=0)
for name in ("conv1", "conv2", "conv3"):
    for own, lent in zip(getattr(net, name).parameters(), getattr(detector, name).parameters()):
        own.assign_(lent.data.copy())
other.transfer(detector)  # the same, by minipose
assert all(np.array_equal(a.data, b.data) for a, b in zip(net.parameters(), other.parameters()))
total = sum(p.size for p in net.parameters())
shared = sum(p.size for p in net.shared_parameters())
print(f"{shared:,} of {total:,} weights are transferred ({shared / total:.2%})")

# %% [markdown]
# ## Training
#
# The error is measured on pictures of takes that were not trained on (validation), and at the end
# on subject 11, of whom the network has seen nothing. The constant baseline says the mean pose of
# the training for every picture.

# %%
held_out, new = split["validation"], store.split()["test"]
true = {"validation": store.read("joints_3d", held_out), "subject 11": store.read("joints_3d", new)}
average = joints.mean(axis=0).reshape(17, 3)
constant = {name: mpjpe(np.broadcast_to(average, t.shape), t) for name, t in true.items()}
curve = []


def look(epoch):
    said = predict(net, store, held_out).reshape(-1, 17, 3)
    curve.append(mpjpe(said, true["validation"]))
    print(f"epoch {epoch}: {curve[-1]:.1f} mm on validation")


training.train_poses(net, images, joints, joint_distance, epochs=8, watch=look)
found = predict(net, store, new).reshape(-1, 17, 3)
error = mpjpe(found, true["subject 11"])
print(f"subject 11: {error:.1f} mm; the mean pose {constant['subject 11']:.1f}")
assert error < 0.9 * constant["subject 11"] and curve[-1] < 0.9 * constant["validation"]

# %% [markdown]
# ## In which direction?
#
# One might expect most of the error in depth, since that is what a picture loses. Ask the numbers:
# x is to the right, y down, z away from the camera, and the mean pose beside them.

# %%
by_axis = np.abs(found - true["subject 11"]).mean(axis=(0, 1))
of_mean = np.abs(average - true["subject 11"]).mean(axis=(0, 1))
for name, off, base in zip(("x, across", "y, down", "z, depth"), by_axis, of_mean):
    print(f"{name:10} {off:5.1f} mm; the mean pose {base:5.1f}; left over {off / base:.0%}")
assert by_axis[1] < min(by_axis[0], by_axis[2])

# %% [markdown]
# Heights are nearly right from the start, and the network has added nothing: people stand. Across
# and in depth much is left, and at this stage it is not depth alone: somebody who walks from left
# to right and somebody who walks towards the camera differ in x as much as in z, and which of two
# dark legs is the left one is hard to see from any side.

# %%
path = kit.plot_folder() / "21_regressor.png"
series = {"validation": (range(len(curve)), curve)}
series["mean pose"] = (range(len(curve)), [constant["validation"]] * len(curve))
kit.show_plot(
    learning_curves({"Error on unseen takes, mm": series}, path, "epoch"),
    "Error on unseen takes in mm over epochs: validation, and the mean pose as a level line.",
)
some = np.linspace(10, len(new) - 1, 3).astype(int)
each = np.linalg.norm(found[some] - true["subject 11"][some], axis=2).mean(axis=1)
titles = [f"{e:.0f} mm off" for e in each]
pictures = store.read("images", new[some])
path = kit.plot_folder() / "21_regressor_poses.png"
kit.show_plot(
    predictions_beside_truth(pictures, found[some], true["subject 11"][some], titles, path),
    "Three crops of subject 11, each with the true and the predicted pose in space.",
)

# %% [markdown]
# Whether the transfer *helps* cannot be seen here: there is nothing beside it, and one run says
# little. Lesson 23 trains with it, without it and with *frozen* convolutions, which are not learned
# any further, several times each.

# %% [markdown]
# ## Change this, predict, run
#
# Three ways to begin: fine-tune what was transferred, freeze it, or begin afresh. How many weights
# are learned in each, and which is best after four epochs? (One run each: lesson 23 has more.)

# %% tags=["change-this"]
SHARED = "fine-tune"  # try "freeze", "afresh"
with kit.experiment(SHARED, as_given="fine-tune"):
    tried = training.pose_network(joints, seed=0)
    if SHARED != "afresh":
        tried.transfer(detector)
    for parameter in tried.shared_parameters():
        parameter.requires_grad = SHARED != "freeze"
    learned = sum(p.size for p in tried.parameters() if p.requires_grad)
    training.train_poses(tried, images, joints, joint_distance, epochs=4)
    said = predict(tried, store, new).reshape(-1, 17, 3)
    off = mpjpe(said, true["subject 11"])
    print(f"{SHARED}: {learned:,} weights learned, subject 11 {off:.1f} mm")

# %% [markdown]
# ## Five questions
#
# 1. Why has the regressor no probability at its end?
# 2. How do the squared distance and the distance differ in how hard they pull?
# 3. Which layers are transferred, and why not the others?
# 4. What does the constant baseline of poses say?
# 5. Why is the error of heights smaller than that of the other directions?
#
# The answers: `make lesson N=21 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=21`, `exercises/21_regressor.py`.
