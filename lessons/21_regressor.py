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
import tempfile
from pathlib import Path

import numpy as np

import kit
import minipose as mp
import people
from minipose.experiments.job import Run
from minipose.experiments.pose3d.outputs import predict
from minipose.experiments.pose3d.recipe import Recipe
from minipose.experiments.pose3d.train import build, train_detector, train_regressor
from minipose.losses import joint_distance, joint_squared_error
from minipose.metrics import mpjpe
from minipose.plots.curves import learning_curves
from minipose.plots.poses import predictions_beside_truth

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
# `train_detector` and `train_regressor` are lesson 20's loop, with all choices in a recipe.

# %%
choices = {"optimizer": "adam", "batch": 32, "lr_decay": 0.05, "loss": "distance", "flip": True}
recipe = Recipe(**choices, detection_epochs=2, epochs=4)  # flip: mirrored pictures, too
store = people.walkers()
split = store.split(limit=480)
folder = Path(tempfile.mkdtemp())
detector = train_detector(Run(store, split, recipe, seed=0, folder=folder))

fresh, begun = build(recipe, "regression", 0, "cpu"), build(recipe, "regression", 0, "cpu")
begun.transfer(detector)
for name in ("conv1", "conv2", "conv3", "fc1", "fc2"):
    now, lent, before = (getattr(n, name).weight.data for n in (begun, detector, fresh))
    transferred, kept = np.array_equal(now, lent), np.array_equal(now, before)
    assert transferred == name.startswith("conv") and kept != transferred

# %% [markdown]
# ## Does it help?
#
# Train the regressor with and without it. To be fair, the one without may use the epochs that the
# detector took for regression, so both have seen as many pictures. Error: the mean distance of
# joints, in mm, for pictures of takes that neither was trained on, and for subject 11.

# %%
test = store.read("joints_3d", split["test"])
average = store.read("joints_3d", split["train"]).mean(axis=0)
constant = mpjpe(np.broadcast_to(average, test.shape), test)
series, errors, nets = {}, {"constant baseline": constant}, {}
for name, start, epochs in (
    ("pre-trained", detector, recipe.epochs),
    ("afresh", None, recipe.epochs + recipe.detection_epochs),
):
    variant = recipe.changed(epochs=epochs)
    nets[name] = train_regressor(Run(store, split, variant, 0, folder), start)
    predicted = predict(nets[name], store, split["test"]).reshape(-1, 17, 3)
    errors[name] = mpjpe(predicted, test)
    log = np.genfromtxt(folder / "log.csv", delimiter=",", names=True)
    first = recipe.detection_epochs if start else 0
    series[name] = (log["epoch"] + first, log["validation_mpjpe_mm"])
for name, error in errors.items():
    print(f"{name:18} subject 11: {error:6.1f} mm")
assert max(errors["pre-trained"], errors["afresh"]) < 0.85 * constant

# %%
path = kit.plot_folder() / "21_regressor.png"
across = "epoch (the detector's counted)"
kit.show_plot(learning_curves({"Error on unseen takes, mm": series}, path, across))

# %% [markdown]
# One run of each, a few epochs: do not read more into the difference than the next lessons allow.
# If "afresh" is ahead, the detector's epochs were worth more as regression, in so short a training.
# Lesson 23 asks the question properly. The poses themselves, of somebody never seen:

# %%
some = np.linspace(10, len(test) - 1, 3).astype(int)
best = min(nets, key=lambda name: errors[name])
predicted = predict(nets[best], store, split["test"][some]).reshape(-1, 17, 3)
each = np.linalg.norm(predicted - test[some], axis=2).mean(axis=1)
titles = [f"{best}: {e:.0f} mm off" for e in each]
images = store.read("images", split["test"][some])
path = kit.plot_folder() / "21_regressor_poses.png"
kit.show_plot(predictions_beside_truth(images, predicted, test[some], titles, path))

# %% [markdown]
# ## Change this, predict, run
#
# Freeze the convolutions that were transferred: `recipe.changed(shared="freeze")`. How many weights
# are still learned, and what fraction of the work of a step do they cost? Then train it.
